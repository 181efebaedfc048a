/* The operator log of a run as a list: commands with their acknowledgement, and elevations of
 * consoles. Reads the run store; blocking, short. */
#ifndef GATEHOUSE_APP_AUDIT_H
#define GATEHOUSE_APP_AUDIT_H

#include "core/store/store.h"
#include "core/view/view.h"

enum audit_answer { AUDIT_NONE_DUE, AUDIT_PENDING, AUDIT_ACCEPTED, AUDIT_REFUSED };

struct audit_entry {
    int64_t ts_ms;                   /* when it was asked for */
    int64_t id;                      /* of the command; 0: none */
    int64_t until_ms;                /* of an elevation; 0 */
    char *who, *tty, *what, *reason; /* owned; "" when absent */
    enum audit_answer answer;
    char *message; /* owned: of the answer; "" */
};

struct audit { /* zero-initialised is empty; oldest first */
    struct audit_entry *entries;
    size_t count, capacity;
};

/* Fills an empty or an older audit anew; it is empty on failure. Without a store (NULL) it holds
 * only what was answered. */
bool audit_read(struct audit *audit, struct store *store, const struct view *view,
                struct error *err);
void audit_done(struct audit *audit);

#endif
