/* References in stage parameters: {{ stages.NAME.outputs.KEY }}, {{ run.id }}, {{ run.number }},
 * {{ stage.name }}, {{ stage.try }}, {{ stage.intent }}. Pure. KEY may go deeper by dots.
 * A string that is nothing but one reference becomes the value itself (object, number ..); inside
 * other text the value is inserted as text. */
#ifndef GATEHOUSE_RUN_TEMPLATE_H
#define GATEHOUSE_RUN_TEMPLATE_H

#include "core/run/run.h"

/* Gives the stage's parameters with all references resolved, or NULL with err naming parameter and
 * reference. */
struct json *template_resolve(const struct run *run, size_t stage, int try_number,
                              struct error *err);
/* At configuration time: every reference is well-formed and names a stage upstream of its own. */
bool template_check(const struct dag *dag, struct error *err);

#endif
