/* SPDX-License-Identifier: MIT
 * What the scanner knows about single elements. */
#include "core/text/html_scan.h"

uint32_t html_scan_attrs(GumboTag tag)
{
    switch (tag) {
    case GUMBO_TAG_A:
        return 1u << ATTR_HREF;
    case GUMBO_TAG_IMG:
        return 1u << ATTR_SRC | 1u << ATTR_ALT;
    case GUMBO_TAG_OL:
        return 1u << ATTR_START;
    case GUMBO_TAG_LI:
        return 1u << ATTR_VALUE;
    case GUMBO_TAG_INPUT:
        return 1u << ATTR_TYPE | 1u << ATTR_CHECKED;
    case GUMBO_TAG_TD:
    case GUMBO_TAG_TH:
        return 1u << ATTR_COLSPAN | 1u << ATTR_ROWSPAN;
    case GUMBO_TAG_META:
        return 1u << ATTR_NAME | 1u << ATTR_PROPERTY | 1u << ATTR_CONTENT;
    case GUMBO_TAG_LINK:
        return 1u << ATTR_REL | 1u << ATTR_HREF;
    case GUMBO_TAG_PRE:
    case GUMBO_TAG_CODE:
    case GUMBO_TAG_DIV:
    case GUMBO_TAG_FIGURE:
    case GUMBO_TAG_DL:
    case GUMBO_TAG_DT:
        return 1u << ATTR_CLASS | 1u << ATTR_DATA_LANG | 1u << ATTR_DATA_LANGUAGE;
    default:
        return 0;
    }
}

uint32_t html_scan_id(GumboTag tag, const char *name, size_t len)
{
    if (tag >= GUMBO_TAG_H1 && tag <= GUMBO_TAG_H6)
        return GUMBO_TAG_H1; /* any </hN> closes any <hN> */
    if (tag != GUMBO_TAG_UNKNOWN)
        return tag;
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)(name[i] | 0x20)) * 16777619u;
    return h | 0x10000u;
}

enum html_kind html_scan_kind(GumboTag tag)
{
    switch (tag) {
    case GUMBO_TAG_BR:
    case GUMBO_TAG_IMG:
    case GUMBO_TAG_HR:
    case GUMBO_TAG_INPUT:
    case GUMBO_TAG_META:
    case GUMBO_TAG_LINK:
    case GUMBO_TAG_COL:
        return HTML_VOID;
    case GUMBO_TAG_P:
    case GUMBO_TAG_LI:
    case GUMBO_TAG_DT:
    case GUMBO_TAG_DD:
    case GUMBO_TAG_OPTION:
    case GUMBO_TAG_OPTGROUP:
        return HTML_OPTIONAL_END;
    case GUMBO_TAG_TR:
    case GUMBO_TAG_TD:
    case GUMBO_TAG_TH:
    case GUMBO_TAG_THEAD:
    case GUMBO_TAG_TBODY:
    case GUMBO_TAG_TFOOT:
    case GUMBO_TAG_CAPTION:
    case GUMBO_TAG_COLGROUP:
        return HTML_TABLE_PART;
    case GUMBO_TAG_B:
    case GUMBO_TAG_I:
    case GUMBO_TAG_EM:
    case GUMBO_TAG_STRONG:
    case GUMBO_TAG_CODE:
    case GUMBO_TAG_TT:
    case GUMBO_TAG_S:
    case GUMBO_TAG_STRIKE:
        return HTML_FORMAT;
    case GUMBO_TAG_SPAN:
    case GUMBO_TAG_FONT:
    case GUMBO_TAG_BIG:
    case GUMBO_TAG_SMALL:
    case GUMBO_TAG_U:
    case GUMBO_TAG_NOBR:
    case GUMBO_TAG_LABEL:
    case GUMBO_TAG_TIME:
    case GUMBO_TAG_ABBR:
    case GUMBO_TAG_ACRONYM:
    case GUMBO_TAG_INS:
    case GUMBO_TAG_BDO:
    case GUMBO_TAG_BDI:
    case GUMBO_TAG_DATA:
    case GUMBO_TAG_DFN:
    case GUMBO_TAG_MARK:
        return HTML_INLINE;
    case GUMBO_TAG_HEAD:
    case GUMBO_TAG_FRAMESET:
    case GUMBO_TAG_FRAME:
    case GUMBO_TAG_WBR:
    case GUMBO_TAG_AREA:
    case GUMBO_TAG_BASE:
    case GUMBO_TAG_EMBED:
    case GUMBO_TAG_PARAM:
    case GUMBO_TAG_SOURCE:
    case GUMBO_TAG_TRACK:
    case GUMBO_TAG_KEYGEN:
    case GUMBO_TAG_BASEFONT:
    case GUMBO_TAG_BGSOUND:
    case GUMBO_TAG_ISINDEX:
        return HTML_IGNORED;
    default:
        return HTML_NORMAL;
    }
}

bool html_scan_boundary(GumboTag tag)
{
    return tag == GUMBO_TAG_TABLE || tag == GUMBO_TAG_SELECT || tag == GUMBO_TAG_TEMPLATE ||
           tag == GUMBO_TAG_OBJECT || tag == GUMBO_TAG_APPLET || tag == GUMBO_TAG_MARQUEE;
}
