/* Base64 and the wraps around it. */
#include "tui/clipboard.h"

#include <string.h>

enum { SCREEN_PIECE = 240 }; /* screen 4 keeps 256 bytes of a string */

enum clipboard_way clipboard_way_of(const char *term, const char *tmux, const char *sty)
{
    const char *name = term == NULL ? "" : term;
    if ((tmux != NULL && *tmux != '\0') || strncmp(name, "tmux", strlen("tmux")) == 0) {
        return CLIPBOARD_TMUX;
    }
    bool is_screen =
        (sty != NULL && *sty != '\0') || strncmp(name, "screen", strlen("screen")) == 0;
    return is_screen ? CLIPBOARD_SCREEN : CLIPBOARD_PLAIN;
}

static void append_base64(struct str text, struct buf *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < text.len; i += 3) {
        size_t left = text.len - i;
        uint32_t bits = (uint32_t)(unsigned char)text.ptr[i] << 16;
        bits |= left > 1 ? (uint32_t)(unsigned char)text.ptr[i + 1] << 8 : 0;
        bits |= left > 2 ? (uint32_t)(unsigned char)text.ptr[i + 2] : 0;
        buf_append_char(out, digits[bits >> 18 & 63]);
        buf_append_char(out, digits[bits >> 12 & 63]);
        buf_append_char(out, left > 1 ? digits[bits >> 6 & 63] : '=');
        buf_append_char(out, left > 2 ? digits[bits & 63] : '=');
    }
}

bool clipboard_encode(struct str text, enum clipboard_way way, struct buf *out)
{
    struct buf plain;
    buf_init(&plain, out->limit);
    buf_append_text(&plain, "\033]52;c;");
    append_base64(text, &plain);
    buf_append_text(&plain, "\a");
    switch (way) {
    case CLIPBOARD_PLAIN:
        buf_append_str(out, buf_str(&plain));
        break;
    case CLIPBOARD_TMUX: /* every ESC inside is doubled; there is one, the first */
        buf_append_text(out, "\033Ptmux;\033");
        buf_append_str(out, buf_str(&plain));
        buf_append_text(out, "\033\\");
        break;
    case CLIPBOARD_SCREEN:
        for (size_t at = 0; at < plain.len; at += SCREEN_PIECE) {
            size_t len = plain.len - at < SCREEN_PIECE ? plain.len - at : SCREEN_PIECE;
            buf_append_text(out, "\033P");
            buf_append(out, plain.ptr + at, len);
            buf_append_text(out, "\033\\");
        }
        break;
    }
    bool is_good = !plain.is_overflowed && !out->is_overflowed;
    buf_done(&plain);
    return is_good;
}
