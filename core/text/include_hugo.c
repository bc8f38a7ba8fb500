/* SPDX-License-Identifier: MIT
 * Shortcodes of Hugo are each site's own, but large sites name them alike:
 *
 *   {{% include "file.md" %}}              Kubernetes, Docker, Hugo: in includes/, or from the top
 *   {{% code_sample file="pod.yaml" %}}    Kubernetes: in examples/; once codenew, and code
 *   {{< glossary_definition term_id="x" >}}
 *   {{< tab name="Bash" include="file.md" />}}
 *   {{< docs/shared lookup="file.md" >}}   Grafana: in shared/
 *   {{< embed-md "file.md" >}}             Redis: in embeds/
 *   {{< readfile file="x.sh" code="true" lang="sh" >}}   Docsy
 *   {{< boilerplate name >}}               Istio: in boilerplates/ */
#include "core/text/include_internal.h"
#include "core/text/shortcode.h"

static const struct kind {
    const char *name, *argument; /* "": without a name */
    const char *home, *ext;
    bool code;
} kinds[] = {{"include", "", "includes", NULL, false},
             {"include", "file", "includes", NULL, false},
             {"code_sample", "file", "examples", NULL, true},
             {"codenew", "file", "examples", NULL, true},
             {"code", "file", "examples", NULL, true},
             {"tab", "include", NULL, NULL, false},
             {"glossary_definition", "term_id", "reference/glossary", ".md", false},
             {"docs/shared", "lookup", "shared", NULL, false},
             {"embed-md", "", "embeds", NULL, false},
             {"embed-yaml", "", "embeds", NULL, true},
             {"readfile", "file", NULL, NULL, false},
             {"readfile", "", NULL, NULL, false},
             {"boilerplate", "", "boilerplates", ".md", false}};

size_t include_shortcode(struct span t, struct include *ret, bool *ret_code, bool *ret_label)
{
    struct shortcode s;
    size_t n = shortcode_parse(t, &s);
    for (size_t i = 0; n && !s.end && i < sizeof(kinds) / sizeof(*kinds); i++) {
        struct span path = {"", 0}, lang = shortcode_value(&s, "lang");
        if (span_eq(s.name, kinds[i].name))
            path = shortcode_value(&s, kinds[i].argument);
        if (!path.len)
            continue;
        *ret = (struct include){.path = path,
                                .lang = lang.len ? lang : shortcode_value(&s, "language"),
                                .above = true,
                                .home = kinds[i].home,
                                .ext = kinds[i].ext,
                                .anywhere = span_eq(s.name, "include")};
        *ret_code = kinds[i].code || span_eq(shortcode_value(&s, "code"), "true");
        *ret_label = span_eq(s.name, "tab");
        return n;
    }
    return 0;
}
