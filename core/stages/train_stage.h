/* The train kind's state, and its steps, which live in files of their own: train_data.c looks at
 * the training data, train_follow.c follows the job, train.c submits, finds and stops it. Private
 * to core/stages; loop thread only. */
#ifndef GATEHOUSE_STAGES_TRAIN_STAGE_H
#define GATEHOUSE_STAGES_TRAIN_STAGE_H

#include "core/stages/kind.h"
#include "core/stages/object_check.h"
#include "core/stages/row_scan.h"
#include "core/stages/train_request.h"
#include "core/stages/transfer.h"

enum { STEP_CHANNELS, STEP_SCHEMA, STEP_DATA, STEP_SUBMIT, STEP_FIND, STEP_WAIT, STEP_OUTCOME };

enum channel { CHANNEL_TRAIN, CHANNEL_VALIDATION, CHANNEL_SCHEMA, CHANNEL_COUNT };

/* Why the job is looked for by its name. */
enum find_reason {
    FIND_ADOPTION,    /* a runner before us may have submitted it */
    FIND_NAME_TAKEN,  /* the service says that it exists */
    FIND_LOST_ANSWER, /* the request failed, but may have arrived */
};

enum turn { TURN_DESCRIBE, TURN_LOGS, TURN_STOP };

struct train_stage {
    char job_name[TRAINING_NAME_SIZE];
    int64_t num_round;
    struct object_place places[CHANNEL_COUNT]; /* bucket NULL: not given */
    size_t channel;
    struct object_head head;
    struct transfer transfer;
    struct buf schema_text;
    struct json *schema;
    struct row_scan scan;
    struct json *request;
    struct training_create create;
    struct training_describe describe;
    struct training_stop stop;
    struct training_logs logs;
    enum find_reason find_reason;
    struct error create_error;
    enum turn turn;
    bool is_ours;  /* the job of this name is surely that of this try */
    bool was_seen; /* it was described once */
    bool is_stop_sent;
    bool has_told_running;
    bool has_told_log_trouble;
    int failures; /* of the service, in a row */
    int looks;    /* for a job that was not there */
    int log_reads;
    int polls; /* since the status changed */
    int late_reads;
    char secondary_status[TRAINING_STATUS_SIZE]; /* as last reported */
    int64_t rounds;                              /* the last one + 1 */
    struct json *metrics;                        /* of the last round */
    struct json *new_rounds;                     /* not reported yet: [[round,{..}]..] */
    int64_t reported_ms;
    char *model_bucket, *model_key;
};
/* train.c: what the other two files use. */
struct training_service *train_service(const struct attempt *attempt);
void train_describe_begin(struct attempt *attempt);
/* Trouble on the way to a job that goes on without us: wait and ask again, but not for ever. */
enum step_next train_tolerate(struct attempt *attempt, struct error *err);
/* Until the next look at the job: longer each time, from the beginning when its status changes. */
int64_t train_poll_delay_ms(struct attempt *attempt);

/* train_data.c */
void train_read_places(struct attempt *attempt); /* of the channels, from the parameters */
void train_channels_begin(struct attempt *attempt);
enum step_next train_channels_end(struct attempt *attempt, struct error *err);
enum step_next train_channels_failed(struct attempt *attempt, struct error *err);
void train_schema_begin(struct attempt *attempt);
enum step_next train_schema_end(struct attempt *attempt, struct error *err);
void train_data_begin(struct attempt *attempt);
enum step_next train_data_end(struct attempt *attempt, struct error *err);

/* train_follow.c */
void train_wait_begin(struct attempt *attempt);
enum step_next train_wait_end(struct attempt *attempt, struct error *err);
enum step_next train_wait_failed(struct attempt *attempt, struct error *err);
void train_outcome_begin(struct attempt *attempt);
enum step_next train_outcome_end(struct attempt *attempt, struct error *err);
enum step_next train_outcome_failed(struct attempt *attempt, struct error *err);

#endif
