/* Dialogs: fields, buttons, and how they look. */
#include "tui/dialog.h"

#include "core/app/keys.h"
#include "core/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME_COLS = 72, FRAME_ROWS_FIXED = 4 };

void dialog_close(struct dialog *dialog)
{
    free(dialog->plan);
    *dialog = (struct dialog){.kind = DIALOG_NONE};
}

void dialog_add_field(struct dialog *dialog, const char *label, const char *required)
{
    struct dialog_field *field = &dialog->fields[dialog->field_count++];
    *field = (struct dialog_field){.label = ""};
    snprintf(field->label, sizeof(field->label), "%s", label);
    snprintf(field->required, sizeof(field->required), "%s", required == NULL ? "" : required);
}

static size_t no_button(const struct dialog *dialog)
{
    return dialog->field_count;
}

static size_t yes_button(const struct dialog *dialog)
{
    return dialog->field_count + 1;
}

void dialog_open(struct dialog *dialog)
{
    dialog->focus = 0; /* the first field, or No */
}

const char *dialog_obstacle(const struct dialog *dialog)
{
    for (size_t i = 0; i < dialog->field_count; i++) {
        const struct dialog_field *field = &dialog->fields[i];
        if (field->required[0] != '\0' && strcmp(field->line.text, field->required) != 0) {
            return "type the name of the environment first";
        }
        if (str_trim(str_from(field->line.text)).len == 0) {
            return "fill in the reason first";
        }
    }
    return NULL;
}

bool dialog_takes_text(const struct dialog *dialog)
{
    return dialog->kind != DIALOG_NONE && dialog->focus < dialog->field_count;
}

static enum dialog_answer press(const struct dialog *dialog)
{
    if (dialog->focus == no_button(dialog)) {
        return DIALOG_NO;
    }
    return dialog_obstacle(dialog) == NULL ? DIALOG_YES : DIALOG_STAYS;
}

static void move(struct dialog *dialog, bool is_back)
{
    size_t count = dialog->field_count + 2;
    dialog->focus = (dialog->focus + (is_back ? count - 1 : 1)) % count;
}

enum dialog_answer dialog_key(struct dialog *dialog, uint32_t key)
{
    bool is_in_field = dialog->focus < dialog->field_count;
    if (key == INPUT_ESC || key == INPUT_CTRL('C')) {
        return DIALOG_NO;
    }
    if (key == INPUT_TAB || key == INPUT_DOWN_ARROW || (is_in_field && key == INPUT_ENTER)) {
        move(dialog, false);
    } else if (key == INPUT_BACK_TAB || key == INPUT_UP_ARROW) {
        move(dialog, true);
    } else if (is_in_field) {
        line_key(&dialog->fields[dialog->focus].line, key);
    } else if (key == INPUT_LEFT_ARROW || key == INPUT_RIGHT_ARROW) {
        dialog->focus = dialog->focus == no_button(dialog) ? yes_button(dialog) : no_button(dialog);
    } else if (key == 'n' || key == 'N' || key == 'q') {
        return DIALOG_NO;
    } else if (key == 'y' || key == 'Y') {
        dialog->focus = yes_button(dialog);
        return press(dialog);
    } else if (key == INPUT_ENTER) {
        return press(dialog);
    }
    return DIALOG_STAYS;
}

/* Lines of the plan, broken to `cols`; drawn when `inner` is given, as far as `room` goes. */
static int lay_plan(const struct dialog *dialog, const struct area *inner, int cols, int room)
{
    struct str rest = str_from(dialog->plan);
    int y = 0;
    while (rest.len > 0) {
        struct str line = str_split(rest, '\n', &rest);
        do {
            size_t len = line.len == 0 ? 0 : screen_line_len(line, cols);
            if (inner != NULL && y < room) {
                area_put(inner, 0, y, ROLE_DIALOG, (struct str){line.ptr, len});
            }
            while (len < line.len && line.ptr[len] == ' ') {
                len++;
            }
            line = (struct str){line.ptr + len, line.len - len};
            y++;
        } while (line.len > 0);
    }
    if (inner != NULL && y > room && room > 0) {
        area_clear_row(inner, room - 1, ROLE_DIALOG);
        area_text(inner, 0, room - 1, ROLE_MUTED, "... the screen is too small for the whole plan");
    }
    return y;
}

static void draw_field(const struct dialog *dialog, size_t index, const struct area *inner, int y)
{
    const struct dialog_field *field = &dialog->fields[index];
    bool is_focused = dialog->focus == index;
    int x = area_printf(inner, 0, y, is_focused ? ROLE_KEY : ROLE_DIALOG, "%s: ", field->label);
    if (is_focused) {
        line_draw(&field->line, inner, x, y, ROLE_DIALOG);
    } else {
        area_text(inner, x, y, ROLE_DIALOG, field->line.text);
    }
}

static void draw_buttons(const struct dialog *dialog, const struct area *inner, int y)
{
    const char *obstacle = dialog_obstacle(dialog);
    bool is_no = dialog->focus == no_button(dialog), is_yes = dialog->focus == yes_button(dialog);
    int x = area_text(inner, 0, y, is_no ? ROLE_BUTTON_FOCUS : ROLE_BUTTON, "[ No ]") + 2;
    enum role yes = is_yes ? ROLE_BUTTON_FOCUS : obstacle != NULL ? ROLE_MUTED : ROLE_BUTTON;
    x = area_text(inner, x, y, yes, "[ Yes ]") + 2;
    area_text(inner, x, y, ROLE_MUTED,
              obstacle != NULL           ? obstacle
              : dialog->field_count == 0 ? "y: yes   Esc: no   Tab: choose"
                                         : "Tab: choose   Esc: no");
}

static void draw_frame(const struct dialog *dialog, const struct area *frame)
{
    struct area bottom = area_sub(frame, 0, frame->rows - 1, frame->cols, 1);
    area_clear(frame, ROLE_DIALOG);
    area_title(&bottom, true, "", "");
    area_title(frame, true, dialog->title, "");
    for (int y = 1; y < frame->rows - 1; y++) {
        const char *side = screen_glyph(frame->screen, GLYPH_SIDE);
        area_text(frame, 0, y, ROLE_TITLE_FOCUS, side);
        area_text(frame, frame->cols - 1, y, ROLE_TITLE_FOCUS, side);
    }
}

void dialog_draw(const struct dialog *dialog, const struct area *area)
{
    int fields = (int)dialog->field_count;
    int cols = area->cols > FRAME_COLS + 4 ? FRAME_COLS : area->cols;
    int rows = lay_plan(dialog, NULL, cols - 4, 0) + fields + FRAME_ROWS_FIXED;
    rows = rows > area->rows ? area->rows : rows;
    struct area frame =
        area_sub(area, (area->cols - cols) / 2, (area->rows - rows) / 2, cols, rows);
    struct area inner = area_sub(&frame, 2, 1, frame.cols - 4, frame.rows - 2);
    if (frame.rows < 4 || frame.cols < 20) { /* no room for a frame */
        inner = frame;
        area_clear(&frame, ROLE_DIALOG);
    } else {
        draw_frame(dialog, &frame);
    }
    lay_plan(dialog, &inner, inner.cols, inner.rows - fields - 2);
    for (int i = 0; i < fields; i++) {
        draw_field(dialog, (size_t)i, &inner, inner.rows - 1 - fields + i);
    }
    draw_buttons(dialog, &inner, inner.rows - 1);
}
