/* What call.c and call_json.c share. */
#ifndef GATEHOUSE_AWS_CALL_INTERNAL_H
#define GATEHOUSE_AWS_CALL_INTERNAL_H

#include "core/aws/call.h"

/* As aws_call_start; read_success, which may be NULL, takes the body of a success apart before the
 * call is done. False with err makes the answer a lost one. */
typedef bool (*call_read_fn)(struct aws_call *call, struct error *err);
void aws_call_start_reading(struct aws_session *session, struct aws_call *call,
                            call_read_fn read_success);

#endif
