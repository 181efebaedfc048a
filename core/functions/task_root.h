/* What the package for Lambda brings along, told to the libraries that need it. One thread. */
#ifndef GATEHOUSE_FUNCTIONS_TASK_ROOT_H
#define GATEHOUSE_FUNCTIONS_TASK_ROOT_H

/* Sets AWS_CA_BUNDLE and PGSSLROOTCERT, when they are not set, to the certificates that are in the
 * package below $LAMBDA_TASK_ROOT; what is not there is left alone. */
void task_root_apply(void);

#endif
