/* The section [aws] as a session. */
#include "core/app/aws_session.h"

struct aws_session_spec aws_session_spec_of_config(const struct config *config,
                                                   const char *const *environment)
{
    return (struct aws_session_spec){
        .environment = environment,
        .profile = config_text(config, CONFIG_aws_profile),
        .region = config_text(config, CONFIG_aws_region),
        .endpoint_url = config_text(config, CONFIG_aws_endpoint_url),
    };
}

struct aws_session *aws_session_of_config(const struct config *config,
                                          const char *const *environment, struct loop *loop,
                                          struct error *err)
{
    struct aws_session_spec spec = aws_session_spec_of_config(config, environment);
    return aws_session_new(loop, &spec, err);
}
