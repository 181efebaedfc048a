/* Paths of Lambda's REST API. Pure; any thread. */
#ifndef GATEHOUSE_AWS_LAMBDA_PATH_H
#define GATEHOUSE_AWS_LAMBDA_PATH_H

/* "/2015-03-31/functions" and the form, in which {name} and {alias} stand for these, encoded; gives
 * memory for free(). */
char *lambda_path(const char *form, const char *name, const char *alias);

#endif
