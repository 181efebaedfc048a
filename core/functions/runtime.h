/* The functions as AWS Lambda runs them: the Runtime API is asked for an event, the function is
 * called, its result or failure is sent back, again and again. One thread.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html */
#ifndef GATEHOUSE_FUNCTIONS_RUNTIME_H
#define GATEHOUSE_FUNCTIONS_RUNTIME_H

/* api: AWS_LAMBDA_RUNTIME_API, "host:port". handler: the name of a function (_HANDLER).
 * environment: as main has it. Returns only when it cannot go on: the exit code. What happens is
 * told on standard error, one line a fact. */
int runtime_run(const char *api, const char *handler, const char *const *environment);

#endif
