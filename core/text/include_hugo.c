/* SPDX-License-Identifier: MIT
 * Shortcodes of Hugo are each site's own, but large sites name them alike:
 *
 *   {{% include "file.md" %}}              Kubernetes, Docker, Hugo: in includes/, or from the top
 *   {{% code_sample file="pod.yaml" %}}    Kubernetes: in examples/; once codenew, and code
 *   {{< glossary_definition term_id="x" >}}
 *   {{< docs/shared lookup="file.md" >}}   Grafana: in shared/
 *   {{< embed-md "file.md" >}}             Redis: in embeds/
 *   {{< readfile file="x.sh" code="true" lang="sh" >}}   Docsy
 *   {{< boilerplate name >}}               Istio: in boilerplates/ */
#include "core/text/include_internal.h"
#include "core/text/shortcode.h"

static const struct kind {
    const char *name, *argument, *home, *ext;
    bool code;
} forms[] = {{"include", "file", "includes", NULL, false},
             {"code_sample", "file", "examples", NULL, true},
             {"codenew", "file", "examples", NULL, true},
             {"code", "file", "examples", NULL, true},
             {"glossary_definition", "term_id", "reference/glossary", ".md", false},
             {"docs/shared", "lookup", "shared", NULL, false},
             {"embed-md", "file", "embeds", NULL, false},
             {"embed-yaml", "file", "embeds", NULL, true},
             {"readfile", "file", NULL, NULL, false},
             {"boilerplate", "file", "boilerplates", ".md", false}};

size_t include_shortcode(struct span t, struct include *ret, bool *ret_code)
{
    struct shortcode s;
    size_t n = shortcode_parse(t, &s);
    for (size_t i = 0; n && !s.end && i < sizeof(forms) / sizeof(*forms); i++) {
        if (!span_eq(s.name, forms[i].name))
            continue;
        struct span path = shortcode_value(&s, forms[i].argument);
        if (!path.len && !forms[i].code)
            path = shortcode_first(&s);
        if (!path.len)
            return 0;
        struct span lang = shortcode_value(&s, "lang");
        *ret = (struct include){.path = path,
                                .lang = lang.len ? lang : shortcode_value(&s, "language"),
                                .above = true,
                                .home = forms[i].home,
                                .ext = forms[i].ext};
        *ret_code = forms[i].code || span_eq(shortcode_value(&s, "code"), "true");
        return n;
    }
    return 0;
}
