/* A store of objects on a fake S3 of its own. */
#ifndef GATEHOUSE_TESTS_SUPPORT_S3_SCENE_H
#define GATEHOUSE_TESTS_SUPPORT_S3_SCENE_H

#include "core/aws/s3_store.h"
#include "tests/support/fake_s3.h"

struct s3_scene {
    struct loop *loop;
    struct fake_aws *aws;
    struct fake_s3 *s3;
    struct aws_session *session;
    struct object_store *store;
};

void s3_scene_init(struct s3_scene *scene, const char *bucket, const struct s3_settings *settings);
void s3_scene_done(struct s3_scene *scene);

#endif
