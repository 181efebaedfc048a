/* Schema `gatehouse`. Columns have the names of the outbox row's members; a member that is no
 * column is ignored, so that a newer runner can write into an older mirror. What an auditor asks of
 * an evaluation first is also a column, taken from its documents by the database itself. Only what
 * a row cannot be without is NOT NULL: a row that is refused would stop all behind it. */
#include "core/store/mirror_schema.h"

/* Two runners may come at once; CREATE .. IF NOT EXISTS alone can then fail on the catalogue's
 * unique index, so they take turns. The lock's key is "GTHS". */
const char *mirror_schema_script(void)
{
    return "BEGIN;"
           "SELECT pg_advisory_xact_lock(1196705875);"
           "SET LOCAL client_min_messages = warning;"
           "CREATE SCHEMA IF NOT EXISTS gatehouse;"
           "CREATE TABLE IF NOT EXISTS gatehouse.schema_version ("
           " version integer PRIMARY KEY,"
           " applied_at timestamptz NOT NULL DEFAULT now());"
           "INSERT INTO gatehouse.schema_version (version) VALUES (1) ON CONFLICT DO NOTHING;"
           "CREATE TABLE IF NOT EXISTS gatehouse.run ("
           " run_id text PRIMARY KEY,"
           " number bigint NOT NULL,"
           " pipeline text NOT NULL,"
           " backend text, environment text, \"user\" text, host text,"
           " state text NOT NULL,"
           " verdict text NOT NULL,"
           " accuracy double precision, auc double precision,"
           " created_at timestamptz NOT NULL,"
           " ended_at timestamptz);"
           "CREATE TABLE IF NOT EXISTS gatehouse.stage_attempt ("
           " run_id text NOT NULL REFERENCES gatehouse.run,"
           " stage text NOT NULL,"
           " try integer NOT NULL,"
           " state text NOT NULL,"
           " started_at timestamptz NOT NULL,"
           " ended_at timestamptz NOT NULL,"
           " elapsed_ms bigint,"
           " error_class text, error_code text, error_message text,"
           " outputs jsonb,"
           " PRIMARY KEY (run_id, stage, try));"
           "CREATE TABLE IF NOT EXISTS gatehouse.evaluation ("
           " run_id text NOT NULL REFERENCES gatehouse.run,"
           " seq bigint NOT NULL,"
           " stage text NOT NULL,"
           " try integer NOT NULL,"
           " evaluated_at timestamptz NOT NULL,"
           " verdict text NOT NULL,"
           " evaluation jsonb NOT NULL,"
           " gate jsonb NOT NULL,"
           " training_job text GENERATED ALWAYS AS (evaluation ->> 'training_job_name') STORED,"
           " model_sha256 text GENERATED ALWAYS AS (evaluation #>> '{model,sha256}') STORED,"
           " test_sha256 text GENERATED ALWAYS AS (evaluation #>> '{splits,test,sha256}') STORED,"
           " metrics jsonb GENERATED ALWAYS AS (evaluation #> '{splits,test}') STORED,"
           " limits jsonb GENERATED ALWAYS AS (gate -> 'rules') STORED,"
           " PRIMARY KEY (run_id, seq));"
           "CREATE TABLE IF NOT EXISTS gatehouse.operator_action ("
           " run_id text NOT NULL REFERENCES gatehouse.run,"
           " seq bigint NOT NULL,"
           " acted_at timestamptz NOT NULL,"
           " verb text NOT NULL,"
           " stage text, \"user\" text, tty text, reason text,"
           " accepted boolean NOT NULL,"
           " message text,"
           " PRIMARY KEY (run_id, seq));"
           "COMMIT";
}

#define UPSERT(table, columns)                                                                     \
    "INSERT INTO gatehouse." table " (" columns ") SELECT " columns                                \
    " FROM jsonb_populate_record(NULL::gatehouse." table ", $1::jsonb) ON CONFLICT "

/* An event never changes, so a row made from one is written once. */
#define WRITTEN_ONCE "DO NOTHING"

const char *mirror_upsert_sql(enum outbox_kind kind)
{
    static const char *const sql[OUTBOX_KIND_COUNT] = {
        [OUTBOX_RUN] = UPSERT("run", "run_id, number, pipeline, backend, environment, "
                                     "\"user\", "
                                     "host, state, verdict, accuracy, auc, created_at, "
                                     "ended_at") "(run_id) DO UPDATE SET (state, verdict, "
                                                 "accuracy, auc, ended_at, host) = "
                                                 "(EXCLUDED.state, EXCLUDED.verdict, "
                                                 "EXCLUDED.accuracy, EXCLUDED.auc, "
                                                 "EXCLUDED.ended_at, COALESCE(EXCLUDED.host, "
                                                 "run.host))",
        [OUTBOX_ATTEMPT] =
            UPSERT("stage_attempt", "run_id, stage, try, state, started_at, ended_at, elapsed_ms, "
                                    "error_class, error_code, error_message, outputs") WRITTEN_ONCE,
        [OUTBOX_EVALUATION] = UPSERT("evaluation", "run_id, seq, stage, try, evaluated_at, "
                                                   "verdict, evaluation, gate") WRITTEN_ONCE,
        [OUTBOX_ACTION] = UPSERT("operator_action", "run_id, seq, acted_at, verb, stage, \"user\", "
                                                    "tty, reason, accepted, message") WRITTEN_ONCE,
    };
    return sql[kind];
}
