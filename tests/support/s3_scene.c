/* From the loop up, and down again. */
#include "tests/support/s3_scene.h"

void s3_scene_init(struct s3_scene *scene, const char *bucket, const struct s3_settings *settings)
{
    scene->loop = loop_new();
    scene->aws = fake_aws_new(scene->loop);
    scene->s3 = fake_s3_new(scene->aws);
    scene->session = fake_aws_session(scene->aws);
    scene->store = s3_store_new(scene->session, settings);
    fake_s3_add_bucket(scene->s3, bucket);
}

void s3_scene_done(struct s3_scene *scene)
{
    object_store_free(scene->store);
    aws_session_free(scene->session);
    fake_aws_free(scene->aws);
    fake_s3_free(scene->s3);
    loop_free(scene->loop);
}
