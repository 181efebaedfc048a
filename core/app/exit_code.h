/* The exit codes of gatehouse: one table for the code and the man page. */
#ifndef GATEHOUSE_APP_EXIT_CODE_H
#define GATEHOUSE_APP_EXIT_CODE_H

#define EXIT_CODES(X)                                                                              \
    X(OK, 0, "All stages are done and the gate passed; or the verb did what it should.")           \
    X(FAILED, 1, "A stage failed, or could not be stopped; or the verb could not do it.")          \
    X(REJECTED, 3, "The gate rejected the model; the pipeline itself is healthy.")                 \
    X(CREDENTIALS, 4, "Credentials are missing or were refused.")                                  \
    X(USAGE, 64, "The command line is wrong.")                                                     \
    X(INTERNAL, 70, "A mistake of gatehouse itself.")                                              \
    X(TEMPORARY, 75,                                                                               \
      "Try again later: another runner owns the run, the store is locked, or a service was busy "  \
      "or out of reach in every try and nothing else failed.")                                     \
    X(CONFIG, 78, "The configuration is wrong.")                                                   \
    X(INTERRUPTED, 130, "Ended by SIGINT, once the run was stopped or handed over.")               \
    X(TERMINATED, 143, "Ended by SIGTERM, once the run was stopped or handed over.")

enum exit_code {
#define X(id, code, sentence) EXIT_CODE_##id = (code),
    EXIT_CODES(X)
#undef X
};

#endif
