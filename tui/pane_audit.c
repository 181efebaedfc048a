/* The operator log of the run: who, from where, when, what, why, and what came of it. */
#include "tui/panes.h"

#include "core/view/text.h"

#include <stdio.h>

enum { LINE_MAX_BYTES = 8192, INDENT = 4 };

static const char *answer_word(const struct audit_entry *entry, enum role *out_role)
{
    switch (entry->answer) {
    case AUDIT_PENDING:
        *out_role = ROLE_NOTICE;
        return "sent, not answered yet";
    case AUDIT_ACCEPTED:
        *out_role = ROLE_STATE_SUCCESS;
        return "accepted";
    case AUDIT_REFUSED:
        *out_role = ROLE_ALERT;
        return "refused";
    case AUDIT_NONE_DUE:
        break;
    }
    *out_role = ROLE_MUTED;
    return "on record";
}

static void put_outcome(struct page *page, const struct ui *ui, const struct audit_entry *entry)
{
    struct buf text;
    enum role role = ROLE_TEXT;
    const char *answer = answer_word(entry, &role);
    buf_init(&text, LINE_MAX_BYTES);
    buf_append_text(&text, answer);
    if (entry->until_ms != 0) {
        buf_append_text(&text, ", until ");
        text_date(&text, entry->until_ms, ui->utc_offset_s);
    }
    buf_printf(&text, "%s%s", entry->message[0] == '\0' ? "" : ": ", entry->message);
    page_wrap(page, role, INDENT, buf_text(&text));
    if (entry->reason[0] != '\0') {
        buf_reset(&text);
        buf_printf(&text, "reason: %s", entry->reason);
        page_wrap(page, ROLE_TEXT, INDENT, buf_text(&text));
    }
    buf_done(&text);
}

static void put_entry(struct page *page, const struct ui *ui, const struct audit_entry *entry)
{
    struct buf when;
    buf_init(&when, LINE_MAX_BYTES);
    text_date(&when, entry->ts_ms, ui->utc_offset_s);
    page_line(page, ROLE_TITLE, "%s  %s  %s%s%s", buf_text(&when), entry->what,
              entry->who[0] == '\0' ? "signal" : entry->who, entry->tty[0] == '\0' ? "" : "  ",
              entry->tty);
    put_outcome(page, ui, entry);
    buf_done(&when);
}

int pane_audit(const struct ui *ui, const struct area *area)
{
    const struct audit *audit = &ui->audit;
    struct area body = area_sub(area, 0, 1, area->cols, area->rows - 1);
    struct page page = {&body, -ui->scroll};
    char remark[64];
    snprintf(remark, sizeof(remark), "%zu %s, the newest first", audit->count,
             audit->count == 1 ? "entry" : "entries");
    area_title(area, true, "Operator log", remark);
    for (size_t i = audit->count; i-- > 0;) {
        put_entry(&page, ui, &audit->entries[i]);
    }
    if (audit->count == 0) {
        page_wrap(&page, ROLE_MUTED, 1, "Nobody has commanded this run.");
    }
    return page.y + ui->scroll + 1;
}
