/* The one table of configuration keys: parsing, ranges, defaults, config.toml.example,
 * `config show` and GATEHOUSE_SECTION_KEY are all made from it. */
#ifndef GATEHOUSE_APP_CONFIG_KEYS_H
#define GATEHOUSE_APP_CONFIG_KEYS_H

#include "core/app/actions.h"

#include <stdbool.h>
#include <stddef.h>

enum config_type {                  /* what a value is kept as */
                   CONFIG_TEXT,     /* string; min and max are its length in bytes */
                   CONFIG_SECRET,   /* string that is never shown */
                   CONFIG_CHOICE,   /* string, one of `choices` ("a|b") */
                   CONFIG_INTEGER,  /* integer */
                   CONFIG_NUMBER,   /* number */
                   CONFIG_BOOLEAN,  /* boolean */
                   CONFIG_DURATION, /* integer, milliseconds; written "1h30m", "500ms", or seconds
                                       as an integer */
                   CONFIG_SIZE,     /* integer, bytes; written "512MiB", or bytes as an integer */
                   CONFIG_TABLE,    /* object; members given are put over the default's */
                   CONFIG_NAMES,    /* array of strings */
                   CONFIG_BINDINGS, /* array of chords (strings); written "x", ["x", "g g"], or
                                       "none" */
                   CONFIG_TYPE_COUNT
};

struct config_key {
    const char *section; /* NULL in the tables of [[stage]] and [[gate.rule]] */
    const char *name;
    enum config_type type;
    const char *fallback; /* the default as --set would write it; NULL: none */
    double min, max;      /* ms for durations, bytes for sizes */
    const char *choices;  /* CONFIG_CHOICE only */
    const char *sentence;
};

#define CONFIG_DAY_MS 86400000.0
#define CONFIG_HYPERPARAMETERS                                                                     \
    "{objective = 'binary:logistic', num_round = 100, max_depth = 5, eta = 0.2, gamma = 4, "       \
    "min_child_weight = 6, subsample = 0.8, tree_method = 'hist', "                                \
    "eval_metric = 'error,auc,logloss', seed = 20}"

/* X(section, name, type, default, min, max, choices, sentence) */
#define CONFIG_KEYS(X)                                                                             \
    X(pipeline, name, TEXT, "credit_default_pipeline", 1, 64, NULL,                                \
      "Name of the pipeline, shown by every face and kept with each run.")                         \
    X(pipeline, environment, TEXT, "local", 1, 16, NULL,                                           \
      "The word that tells which environment this is; shown first wherever a run is shown.")       \
    X(pipeline, max_parallel, INTEGER, "4", 1, 64, NULL,                                           \
      "How many stages may run at the same time.")                                                 \
    X(pipeline, retries, INTEGER, "1", 0, 100, NULL,                                               \
      "Further tries of a stage after transient failures, for stages that do not say.")            \
    X(pipeline, retry_delay, DURATION, "2s", 1, CONFIG_DAY_MS, NULL,                               \
      "Wait before the second try; it doubles from try to try, with jitter.")                      \
    X(pipeline, queued_timeout, DURATION, "30m", 0, 7 * CONFIG_DAY_MS, NULL,                       \
      "How long a try may wait for its machine to be provisioned; 0 is for ever.")                 \
    X(pipeline, running_timeout, DURATION, "10m", 0, 7 * CONFIG_DAY_MS, NULL,                      \
      "How long a try may run once it has its machine; 0 is for ever.")                            \
    X(pipeline, total_timeout, DURATION, "1h", 0, 7 * CONFIG_DAY_MS, NULL,                         \
      "How long a try may take in all; 0 is for ever.")                                            \
    X(backend, object_store, CHOICE, "local", 0, 0, "local|aws",                                   \
      "Where objects live; local is a folder of the state folder, aws is S3.")                     \
    X(backend, function_service, CHOICE, "local", 0, 0, "local|aws",                               \
      "Who runs the data functions; local is a child process for each call, aws is Lambda.")       \
    X(backend, training_service, CHOICE, "local", 0, 0, "local|aws",                               \
      "Who trains; local is a child process like the training container, aws is SageMaker.")       \
    X(backend, database, CHOICE, "local", 0, 0, "local|aws",                                       \
      "Which PostgreSQL; local is a private cluster unless database.dsn names another, aws is "    \
      "RDS "                                                                                       \
      "by that dsn.")                                                                              \
    X(state, folder, TEXT, "", 0, 4000, NULL,                                                      \
      "Folder of runs, logs and local data; empty is $XDG_STATE_HOME/gatehouse.")                  \
    X(data, raw_bucket, TEXT, "msecindustries-raw", 3, 63, NULL,                                   \
      "Bucket of the raw transaction features.")                                                   \
    X(data, raw_prefix, TEXT, "source1/", 2, 1000, NULL,                                           \
      "Every object under this prefix of the raw bucket is read; it ends in a slash.")             \
    X(data, raw_key, TEXT, "source1/credit_default_s3_raw.csv", 1, 1024, NULL,                     \
      "Object that `gatehouse prepare` writes; it lies under raw_prefix.")                         \
    X(data, profile_table, TEXT, "customer_profile", 1, 63, NULL,                                  \
      "Table of the profile features.")                                                            \
    X(data, cleaned_bucket, TEXT, "msecindustries-cleaned", 3, 63, NULL,                           \
      "Bucket of the cleaned sources.")                                                            \
    X(data, training_bucket, TEXT, "msecindustries-training", 3, 63, NULL,                         \
      "Bucket of the merged training sets.")                                                       \
    X(data, final_key, TEXT, "final-dataset/credit_default_final_training.csv", 1, 1024, NULL,     \
      "Object of the newest final training set; each run also keeps its own.")                     \
    X(data, models_bucket, TEXT, "msecindustries-models", 3, 63, NULL,                             \
      "Bucket of the model artefacts.")                                                            \
    X(data, models_prefix, TEXT, "xgboost-model-artifacts/", 0, 1000, NULL,                        \
      "Prefix of the model artefacts in their bucket.")                                            \
    X(functions, clean_transactions, TEXT, "msecindustries-ingest-clean-s3-raw", 1, 140, NULL,     \
      "Function that cleans the raw transactions.")                                                \
    X(functions, clean_profiles, TEXT, "msecindustries-ingest-clean-rds", 1, 140, NULL,            \
      "Function that cleans the customer profiles.")                                               \
    X(functions, merge, TEXT, "msecindustries-merge-prep-train-data", 1, 140, NULL,                \
      "Function that merges both into training data.")                                             \
    X(functions, role, TEXT, "", 0, 2048, NULL,                                                    \
      "ARN of the role that `functions deploy` gives the functions.")                              \
    X(functions, memory, SIZE, "1769MiB", 134217728, 10737418240.0, NULL,                          \
      "Memory of each on Lambda, in whole MiB; it has one processor of its own from 1769 MiB on.") \
    X(functions, timeout, DURATION, "10m", 1000, 900000, NULL,                                     \
      "How long each may run on Lambda, in whole seconds; no longer than its stage waits, since "  \
      "Lambda cannot stop it.")                                                                    \
    X(functions, subnets, NAMES, "[]", 0, 16, NULL, "Subnets of their VPC; none: no VPC.")         \
    X(functions, security_groups, NAMES, "[]", 0, 5, NULL,                                         \
      "Security groups of their VPC; needed with subnets.")                                        \
    X(functions, database_dsn, SECRET, "", 0, 4000, NULL,                                          \
      "Connection string that the function reading the profiles gets on Lambda; empty is "         \
      "database.dsn.")                                                                             \
    X(functions, database_secret, TEXT, "", 0, 2048, NULL,                                         \
      "Secret of Secrets Manager with user and password for it; empty: the connection string "     \
      "has them.")                                                                                 \
    X(functions, package_bucket, TEXT, "", 0, 63, NULL,                                            \
      "Bucket that a package over 50 MB travels through; empty is data.models_bucket.")            \
    X(functions, database_ca_file, TEXT, "", 0, 4000, NULL,                                        \
      "PEM file that goes into the package for TLS to the database, as that of RDS; empty: none.") \
    X(split, enabled, BOOLEAN, "true", 0, 0, NULL,                                                 \
      "Split by a hash of CUSTOMER_ID; false trains and judges on the same rows, as the "          \
      "original.")                                                                                 \
    X(split, train, NUMBER, "0.70", 0.01, 1, NULL, "Share of the rows to train on.")               \
    X(split, validation, NUMBER, "0.15", 0, 1, NULL, "Share of the rows watched while training.")  \
    X(split, test, NUMBER, "0.15", 0.01, 1, NULL, "Share of the rows the gate judges on.")         \
    X(split, seed, INTEGER, "20", 0, 9007199254740991.0, NULL,                                     \
      "Another seed gives another split of the same customers.")                                   \
    X(expectations, rows_min, INTEGER, "1000", 0, 1e12, NULL,                                      \
      "A source with fewer rows fails its stage.")                                                 \
    X(expectations, rows_max, INTEGER, "1000000000", 1, 1e12, NULL,                                \
      "A source with more rows fails its stage.")                                                  \
    X(expectations, label_rate_min, NUMBER, "0.10", 0, 1, NULL,                                    \
      "Least share of defaults among the labelled rows.")                                          \
    X(expectations, label_rate_max, NUMBER, "0.40", 0, 1, NULL,                                    \
      "Largest share of defaults among the labelled rows.")                                        \
    X(expectations, quarantined_share_max, NUMBER, "0.05", 0, 1, NULL,                             \
      "Largest share of rows that may be put into quarantine.")                                    \
    X(expectations, unmatched_share_max, NUMBER, "0.01", 0, 1, NULL,                               \
      "Largest share of customers that only one of the sources knows.")                            \
    X(database, dsn, SECRET, "", 0, 4000, NULL,                                                    \
      "Connection string of another PostgreSQL; empty is the private cluster.")                    \
    X(database, statement_timeout, DURATION, "60s", 100, CONFIG_DAY_MS, NULL,                      \
      "A statement that takes longer is given up.")                                                \
    X(database, mirror, BOOLEAN, "true", 0, 0, NULL,                                               \
      "Copy runs, evaluations and operator actions to the schema `gatehouse`.")                    \
    X(local, postgres_binaries, TEXT, "", 0, 4000, NULL,                                           \
      "Folder of initdb and postgres; empty looks in the usual places.")                           \
    X(local, function_program, TEXT, "", 0, 4000, NULL,                                            \
      "Path of gatehouse-function; empty is the one beside this program.")                         \
    X(local, model_program, TEXT, "", 0, 4000, NULL,                                               \
      "Path of gatehouse-model; empty is the one beside this program.")                            \
    X(local, function_timeout, DURATION, "15m", 1000, CONFIG_DAY_MS, NULL,                         \
      "How long a local function may run.")                                                        \
    X(local, function_memory, SIZE, "2GiB", 0, 1e15, NULL,                                         \
      "Address space of a local function; 0 is without limit.")                                    \
    X(aws, profile, TEXT, "", 0, 255, NULL,                                                        \
      "Profile of the shared AWS files; empty is $AWS_PROFILE, or default.")                       \
    X(aws, region, TEXT, "", 0, 63, NULL,                                                          \
      "AWS region; empty is $AWS_REGION, or that of the profile.")                                 \
    X(aws, endpoint_url, TEXT, "", 0, 511, NULL,                                                   \
      "Address of all AWS services, for servers that stand in for AWS; empty is AWS itself.")      \
    X(aws, s3_encryption, CHOICE, "", 0, 0, "|AES256|aws:kms|aws:kms:dsse",                        \
      "Server-side encryption asked of S3 for each object; empty is the bucket's default.")        \
    X(aws, s3_kms_key, TEXT, "", 0, 2048, NULL,                                                    \
      "KMS key for aws:kms; empty is the account's key for S3.")                                   \
    X(training, job_name_prefix, TEXT, "credit-default-xgboost", 1, 28, NULL,                      \
      "Training jobs are named <prefix>-<run>-<stage>-<try>.")                                     \
    X(training, instance_type, TEXT, "ml.m5.xlarge", 1, 63, NULL,                                  \
      "Machine asked of the training service.")                                                    \
    X(training, instance_count, INTEGER, "1", 1, 100, NULL,                                        \
      "Machines for one job; local training always has one.")                                      \
    X(training, volume_size_gb, INTEGER, "10", 1, 16384, NULL, "Disk of the machine, GB.")         \
    X(training, price_per_hour, NUMBER, "0", 0, 1e6, NULL,                                         \
      "Price of the machine for an hour, to show what a training costs; 0 shows nothing.")         \
    X(training, currency, TEXT, "USD", 1, 8, NULL, "The currency of that price.")                  \
    X(training, role, TEXT, "", 0, 2048, NULL,                                                     \
      "ARN of the role that SageMaker takes on for the job; aws needs it.")                        \
    X(training, image, TEXT, "", 0, 255, NULL,                                                     \
      "Training image; empty is SageMaker's own XGBoost in the region.")                           \
    X(training, container_version, TEXT, "1.7-1", 1, 32, NULL,                                     \
      "Version of SageMaker's own XGBoost image.")                                                 \
    X(training, spot, BOOLEAN, "false", 0, 0, NULL,                                                \
      "Train on spare capacity: cheaper, may be interrupted.")                                     \
    X(training, spot_wait, DURATION, "0s", 0, 28 * CONFIG_DAY_MS, NULL,                            \
      "Longest time for waiting and training on spot; 0 is twice the running time.")               \
    X(training, checkpoints, TEXT, "", 0, 900, NULL,                                               \
      "s3:// prefix for checkpoints of spot jobs; each job gets a folder of its own.")             \
    X(training, sharded, BOOLEAN, "false", 0, 0, NULL,                                             \
      "Give each of several machines its share of the training objects, if there are several.")    \
    X(training, subnets, NAMES, "[]", 0, 16, NULL, "Subnets of the job's VPC; none: no VPC.")      \
    X(training, security_groups, NAMES, "[]", 0, 5, NULL, "Security groups in that VPC.")          \
    X(training, volume_kms_key, TEXT, "", 0, 2048, NULL, "KMS key of the machine's disk.")         \
    X(training, output_kms_key, TEXT, "", 0, 2048, NULL, "KMS key of the model artefact.")         \
    X(training, poll_interval, DURATION, "5s", 10, 60000, NULL,                                    \
      "First wait between two looks at a SageMaker job; it grows to six times as much.")           \
    X(training, tags, TABLE, "{}", 0, 0, NULL, "Tags of the job, beside gatehouse's own.")         \
    X(training, hyperparameters, TABLE, CONFIG_HYPERPARAMETERS, 0, 0, NULL,                        \
      "Given to XGBoost as they are; members you give are put over these.")                        \
    X(console, theme, TEXT, "terminal16", 1, 4000, NULL,                                           \
      "Look of the console: a theme of `gatehouse theme list`, or the path of a theme file.")      \
    X(console, read_only, BOOLEAN, "false", 0, 0, NULL,                                            \
      "Open the console read-only, as --read-only does; :rw in it lets commands through for a "    \
      "time.")                                                                                     \
    X(console, read_only_production, BOOLEAN, "true", 0, 0, NULL,                                  \
      "Open it read-only when pipeline.environment is prod or production.")                        \
    X(console, elevation_max, DURATION, "8h", 0, 8 * 3600000.0, NULL,                              \
      "How long :rw may let commands through; 0 is never.")                                        \
    X(console, ascii, BOOLEAN, "false", 0, 0, NULL,                                                \
      "Draw with ASCII signs only; a locale without UTF-8 does so anyway.")                        \
    X(console, wrap, BOOLEAN, "false", 0, 0, NULL, "Break log lines that are longer than a row.")  \
    X(console, times, BOOLEAN, "true", 0, 0, NULL, "Show the time of each log line.")              \
    X(console, pane_training, BOOLEAN, "true", 0, 0, NULL,                                         \
      "Show the training pane where there is room for it.")                                        \
    X(console, pane_timeline, BOOLEAN, "true", 0, 0, NULL,                                         \
      "Show the timeline where there is room for it.")                                             \
    X(console, pane_graph, BOOLEAN, "true", 0, 0, NULL,                                            \
      "Show the drawing of the pipeline where there is room for it.")                              \
    X(console, mouse, BOOLEAN, "false", 0, 0, NULL,                                                \
      "Take the mouse: the wheel scrolls, a click chooses; the terminal's own selection then "     \
      "needs Shift.")                                                                              \
    X(console, title, BOOLEAN, "true", 0, 0, NULL,                                                 \
      "Show environment, pipeline and run in the terminal's title, until the console ends.")       \
    X(console, synchronized, CHOICE, "auto", 0, 0, "auto|on|off",                                  \
      "Send larger changes as one frame (DECSET 2026); auto: to terminals known to understand.")   \
    X(console, notify, CHOICE, "none", 0, 0, "none|bell|osc9",                                     \
      "Tell the end of the run that is shown: by the bell, or by a notice of the desktop (OSC "    \
      "9).")                                                                                       \
    X(console, clipboard_limit, SIZE, "74994", 1, 1e8, NULL,                                       \
      "A copy may have so many bytes; many terminals drop more.")

enum config_id {
#define X(section, name, type, fallback, min, max, choices, sentence) CONFIG_##section##_##name,
    CONFIG_KEYS(X)
#undef X
#define X(id, name, keys, places, group, operands, hint, sentence) CONFIG_keys_##name,
        ACTIONS(X) /* the section [keys]: the last keys, in the order of the actions */
#undef X
    CONFIG_KEY_COUNT
};

const struct config_key *config_key(enum config_id id);
enum config_id config_key_of_action(enum action action);
/* The keys of a [[stage]] block and of a [[gate.rule]] block, ended by a NULL name. */
const struct config_key *config_stage_keys(void);
const struct config_key *config_rule_keys(void);
/* What the sections are for, in the order of the example; ended by a NULL name. */
struct config_section {
    const char *name, *sentence;
};
const struct config_section *config_sections(void);
/* The [[gate.rule]] and [[stage]] blocks that hold when the file gives none, as TOML. */
const char *config_default_rules(void);
const char *config_default_stages(void);

#endif
