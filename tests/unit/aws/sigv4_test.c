/* Signature Version 4 against the values AWS publishes, all cases of the official suite - as
 * headers and as URLs - and further ones, computed by botocore or by a second signer that agrees
 * with it. */
#include "core/aws/sigv4.h"

#include "tests/support/cmocka.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#define SUITE_DATE "20150830T123600Z"
#define SUITE_TOKEN                                                                                \
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSP" \
    "fIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT" \
    "7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlz" \
    "m8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
#define FORM_SHA256 "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"
#define ALNUM       "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static void use_secret(struct aws_credentials *credentials, const char *key_id, const char *secret)
{
    *credentials = (struct aws_credentials){0};
    snprintf(credentials->key_id, sizeof(credentials->key_id), "%s", key_id);
    secret_set(&credentials->secret_key, str_from(secret));
}

static void use_suite_secret(struct aws_credentials *credentials)
{
    use_secret(credentials, "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
}

static void drop_secret(struct aws_credentials *credentials)
{
    secret_done(&credentials->secret_key);
    secret_done(&credentials->session_token);
}

/* The signature at the end of an Authorization value, or of a query. */
static const char *signature_in(const struct buf *text)
{
    const char *found = strrchr(buf_text(text), '=');
    assert_non_null(found);
    return found + 1;
}

/* ---- the official suite: service "service", host example.amazonaws.com */

struct suite_case {
    const char *name, *method, *path, *query;
    struct sigv4_header more[4];
    const char *payload_hash;
    bool keep_path;
    const char *signature, *query_signature; /* of the header, and of a URL for an hour */
};
enum { SUITE_EXPIRES_S = 3600 };

static const struct suite_case suite[] = {
    {"get-header-key-duplicate",
     "GET",
     "/",
     NULL,
     {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
     NULL,
     false,
     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
     "3349ee0b81b4b589da0ff28a395c3591e04de515651dd74f298fa992d1507a97"},
    {"get-header-value-multiline",
     "GET",
     "/",
     NULL,
     {{"My-Header1", "value1\n  value2\n     value3"}},
     NULL,
     false,
     "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd",
     "e6f5def831211aca02987a44b96826706278c7bc078112ae0263659c5b2f2d56"},
    {"get-header-value-order",
     "GET",
     "/",
     NULL,
     {{"My-Header1", "value4"},
      {"My-Header1", "value1"},
      {"My-Header1", "value3"},
      {"My-Header1", "value2"}},
     NULL,
     false,
     "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
     "313720e71ca6202fdcfa9b20f88de01a4eb0638a83c833b1c184359a4eda864e"},
    {"get-header-value-trim",
     "GET",
     "/",
     NULL,
     {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
     NULL,
     false,
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
     "e7bb0fd515e125e1aec2ecc4c0c17484fb06f6846b927c35e46005dd3df3acd4"},
    {"get-relative-normalized",
     "GET",
     "/example/..",
     NULL,
     {{0}},
     NULL,
     false,
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
     "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d"},
    {"get-relative-unnormalized",
     "GET",
     "/example/..",
     NULL,
     {{0}},
     NULL,
     true,
     "eca7ead57bb5aa5c8e28007acd4ff04e1ff9a0ff3b237ec1554a184887ff9282",
     "cbcb213b928a077e43275df47b500f1dfaa864ab3f5a18f6b95f4ff0938167ee"},
    {"get-relative-relative-normalized",
     "GET",
     "/example1/example2/../..",
     NULL,
     {{0}},
     NULL,
     false,
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
     "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d"},
    {"get-relative-relative-unnormalized",
     "GET",
     "/example1/example2/../..",
     NULL,
     {{0}},
     NULL,
     true,
     "dc33e0856fd4baca4d7aa2146c38958283844764f38c74252a333df5e613003b",
     "b45db0bfd1cf15003493b733e33aa208dd981bd0e63037a6ed953f71d2118a16"},
    {"get-slash-dot-slash-normalized",
     "GET",
     "/./",
     NULL,
     {{0}},
     NULL,
     false,
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
     "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d"},
    {"get-slash-dot-slash-unnormalized",
     "GET",
     "/./",
     NULL,
     {{0}},
     NULL,
     true,
     "68714168e6557f8f2de0ef956fc24dc2593a4bd2961f8df51898d8a134695145",
     "a9b13e8f3484d9505bf1a6f347219f8f35b0fe8f128ceea597efc146a3dfe90c"},
    {"get-slash-normalized",
     "GET",
     "//",
     NULL,
     {{0}},
     NULL,
     false,
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
     "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d"},
    {"get-slash-unnormalized",
     "GET",
     "//",
     NULL,
     {{0}},
     NULL,
     true,
     "c88bcd3d312d75078c0cd961d6deae3f4c754924b01669efcfcb439fd5e5b76e",
     "b2a9542809db687769200f56a844a03f2bd0291d6eb90232d5101c6a579446cd"},
    {"get-slash-pointless-dot-normalized",
     "GET",
     "/./example",
     NULL,
     {{0}},
     NULL,
     false,
     "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
     "35034b1a0bdd969f346975386daf8aedfd4976573b8348cf4f67eaa41c5857de"},
    {"get-slash-pointless-dot-unnormalized",
     "GET",
     "/./example",
     NULL,
     {{0}},
     NULL,
     true,
     "beb03f223f7deae4146464f06e29eebbee9c8afbe15c290cf07aa8b119e14cff",
     "72b11f16d9530b18204bfb71f2d6ab085894c0ed8d352730a6e76234c58b5e10"},
    {"get-slashes-normalized",
     "GET",
     "//example//",
     NULL,
     {{0}},
     NULL,
     false,
     "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
     "c1834e8fb0307243711f0f907f6ab7311ed300d87f13792d7ee4da89ab93e082"},
    {"get-slashes-unnormalized",
     "GET",
     "//example//",
     NULL,
     {{0}},
     NULL,
     true,
     "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5",
     "822a5a9ba28072c5ab2bb4a6307d0c88276d40e49fec6b724c03fb4d4ba60fc2"},
    {"get-space-normalized",
     "GET",
     "/example space/",
     NULL,
     {{0}},
     NULL,
     false,
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
     "7a1f416954786484c9824d93c1f26ef64acb9b1b6c9154d08c9f07d0e394abf6"},
    {"get-space-unnormalized",
     "GET",
     "/example space/",
     NULL,
     {{0}},
     NULL,
     true,
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
     "7a1f416954786484c9824d93c1f26ef64acb9b1b6c9154d08c9f07d0e394abf6"},
    {"get-unreserved",
     "GET",
     "/-._~" ALNUM,
     NULL,
     {{0}},
     NULL,
     false,
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
     "95968482db1b9e0fadef6efc1bd24689f77c77d9ef56919c96a28cc92e0d6005"},
    {"get-utf8",
     "GET",
     "/\xe1\x88\xb4",
     NULL,
     {{0}},
     NULL,
     false,
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
     "10eae3f14a260bd3911cc6d008d3c576d143b05b62f09782a7a4b37f52178e44"},
    {"get-vanilla",
     "GET",
     "/",
     NULL,
     {{0}},
     NULL,
     false,
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
     "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d"},
    {"get-vanilla-empty-query-key",
     "GET",
     "/",
     "Param1=value1",
     {{0}},
     NULL,
     false,
     "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
     "49096700cbbaa5753443850f40df10f904fc2fdb544dc9512203cc77c471a9de"},
    {"get-vanilla-query",
     "GET",
     "/",
     "",
     {{0}},
     NULL,
     false,
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
     "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d"},
    {"get-vanilla-query-order-encoded",
     "GET",
     "/",
     "Param-3=Value3&Param=Value2&\xe1\x88\xb4=Value1",
     {{0}},
     NULL,
     false,
     "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
     "c5f1848ceec943ac2ca68ee720460c23aaae30a2300586597ada94c4a65e4787"},
    {"get-vanilla-query-order-key-case",
     "GET",
     "/",
     "Param2=value2&Param1=value1",
     {{0}},
     NULL,
     false,
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
     "86012e2c9ad4d77369f5d81c11f75158aae4f895a085212cc6d3f923d300bed5"},
    {"get-vanilla-query-unreserved",
     "GET",
     "/",
     "-._~" ALNUM "=-._~" ALNUM,
     {{0}},
     NULL,
     false,
     "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
     "8e76a88a7433637b12778d5592799b29ad21ecd6cf6325051c21d86f0acda2bf"},
    {"get-vanilla-utf8-query",
     "GET",
     "/",
     "\xe1\x88\xb4=bar",
     {{0}},
     NULL,
     false,
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
     "0bdd809b1519ac4f0c1dc3540e2cc46bd0c7f778eda408b2ebf3b913d21ff600"},
    {"get-vanilla-with-session-token",
     "GET",
     "/",
     NULL,
     {{"X-Amz-Security-Token", SUITE_TOKEN}},
     NULL,
     false,
     "c8db8b9676d526f735dac5330f17623554c6cad1e2980d321903e9a3884c051b",
     "798f44f0c7b1efcc3762a5462aaeb966f836d2ca0c64140f87a02cacf080bfde"},
    {"post-header-key-case",
     "POST",
     "/",
     NULL,
     {{0}},
     NULL,
     false,
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
     "2ce6e6d2e0cf2f9d1b55fafec88cd20574c31dc2e7631979f71ba2310083e95b"},
    {"post-header-key-sort",
     "POST",
     "/",
     NULL,
     {{"My-Header1", "value1"}},
     NULL,
     false,
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
     "c09d07e0d55871f10f2a6d350d994acf6825a3cae70673d7def55616e6119dd7"},
    {"post-header-value-case",
     "POST",
     "/",
     NULL,
     {{"My-Header1", "VALUE1"}},
     NULL,
     false,
     "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
     "0698bc9e4f7f9139065ba2909c0e99da257e8e2a42492a097bcd46d792391fed"},
    {"post-sts-header-before",
     "POST",
     "/",
     NULL,
     {{"X-Amz-Security-Token", SUITE_TOKEN}},
     NULL,
     false,
     "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
     "46c2e3c63c1dbe7d39f8ada16fe7f001c1f56c5791441565323677f96308871c"},
    /* the token is added to what is signed already */
    {"post-sts-header-after",
     "POST",
     "/",
     NULL,
     {{0}},
     NULL,
     false,
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
     "2ce6e6d2e0cf2f9d1b55fafec88cd20574c31dc2e7631979f71ba2310083e95b"},
    {"post-vanilla",
     "POST",
     "/",
     NULL,
     {{0}},
     NULL,
     false,
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
     "2ce6e6d2e0cf2f9d1b55fafec88cd20574c31dc2e7631979f71ba2310083e95b"},
    {"post-vanilla-empty-query-value",
     "POST",
     "/",
     "Param1=",
     {{0}},
     NULL,
     false,
     "bf3f0f582c3027713f97f4cdd7cfa9e1db035de22ef7b04373f44f3a8ae51aa8",
     "880bab7adc6b29eccd4960fe2d1919a9bf31e193da2452064f328f693a085a80"},
    {"post-vanilla-query",
     "POST",
     "/",
     "Param1=value1",
     {{0}},
     NULL,
     false,
     "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
     "a9ef26247f293bffe40eeff86a0480ba8c14d31503b2e0c3399e3a16bf1a3682"},
    {"post-x-www-form-urlencoded",
     "POST",
     "/",
     NULL,
     {{"Content-Type", "application/x-www-form-urlencoded"}},
     FORM_SHA256,
     false,
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
     "c87b08b610e5766ea3fd90f27b8e42484995ce04f66b3a9590cc28b1257ae36c"},
    {"post-x-www-form-urlencoded-parameters",
     "POST",
     "/",
     NULL,
     {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
     FORM_SHA256,
     false,
     "2f3b42f35f135abf9c562afcbbc44fc03df96dcfd4332ecebad8b39a7d4b6125",
     "65a662d97fbf0b6efe24d24eb594bbf01ff634e62c45ed40023d6f4b15bdf5ea"},
};

enum { SUITE_COUNT = sizeof(suite) / sizeof(suite[0]) };

static struct sigv4_request request_of(const struct suite_case *suite_case,
                                       const struct sigv4_header *headers, size_t count)
{
    const char *hash = suite_case->payload_hash;
    return (struct sigv4_request){.method = suite_case->method,
                                  .path = suite_case->path,
                                  .query = suite_case->query,
                                  .headers = headers,
                                  .header_count = count,
                                  .payload_hash = hash == NULL ? SIGV4_EMPTY_SHA256 : hash,
                                  .region = "us-east-1",
                                  .service = "service",
                                  .date = SUITE_DATE,
                                  .keep_path = suite_case->keep_path};
}

static void check_signature(const char *name, const struct buf *text, const char *expected)
{
    if (strcmp(signature_in(text), expected) != 0) {
        print_error("%s\n", name);
    }
    assert_string_equal(signature_in(text), expected);
}

static void signs_every_case_of_the_official_suite(void **state)
{
    (void)state;
    struct sigv4_key key = {0};
    struct aws_credentials credentials;
    use_suite_secret(&credentials);
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        struct buf value;
        struct sigv4_header headers[6] = {{"X-Amz-Date", SUITE_DATE},
                                          {"Host", "example.amazonaws.com"}};
        size_t count = 2;
        for (size_t j = 0; j < 4 && suite[i].more[j].name != NULL; j++) {
            headers[count++] = suite[i].more[j];
        }
        struct sigv4_request request = request_of(&suite[i], headers, count);
        buf_init(&value, 4096);
        assert_true(sigv4_authorization(&key, &request, &credentials, &value));
        check_signature(suite[i].name, &value, suite[i].signature);
        buf_done(&value);
    }
    sigv4_key_done(&key);
    drop_secret(&credentials);
}

/* Date and token are in the query, so they are no headers. */
static void presigns_every_case_of_the_official_suite(void **state)
{
    (void)state;
    struct sigv4_key key = {0};
    struct aws_credentials credentials;
    use_suite_secret(&credentials);
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        struct buf query;
        struct sigv4_header headers[6] = {{"Host", "example.amazonaws.com"}};
        size_t count = 1;
        secret_done(&credentials.session_token);
        for (size_t j = 0; j < 4 && suite[i].more[j].name != NULL; j++) {
            if (strcmp(suite[i].more[j].name, "X-Amz-Security-Token") == 0) {
                secret_set(&credentials.session_token, str_from(suite[i].more[j].value));
            } else {
                headers[count++] = suite[i].more[j];
            }
        }
        struct sigv4_request request = request_of(&suite[i], headers, count);
        buf_init(&query, 4096);
        assert_true(sigv4_presign(&key, &request, &credentials, SUITE_EXPIRES_S, &query));
        check_signature(suite[i].name, &query, suite[i].query_signature);
        buf_done(&query);
    }
    sigv4_key_done(&key);
    drop_secret(&credentials);
}

/* ---- the values of AWS for S3, and cases the suite leaves out */

struct check {
    const char *name, *method, *host, *path, *query;
    struct sigv4_header more[3];
    const char *payload_hash; /* of S3 also a header */
    const char *region, *service;
    const char *canonical_sha256, *signature; /* the first may be NULL */
};

#define DOC_HOST "examplebucket.s3.amazonaws.com"
static const struct check of_the_s3_guide[] = {
    {"range",
     "GET",
     DOC_HOST,
     "/test.txt",
     NULL,
     {{"Range", "bytes=0-9"}},
     SIGV4_EMPTY_SHA256,
     "us-east-1",
     "s3",
     NULL,
     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
    {"put",
     "PUT",
     DOC_HOST,
     "/test%24file.text",
     NULL,
     {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
     "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
     "us-east-1",
     "s3",
     NULL,
     "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
    {"lifecycle",
     "GET",
     DOC_HOST,
     "/",
     "lifecycle",
     {{0}},
     SIGV4_EMPTY_SHA256,
     "us-east-1",
     "s3",
     NULL,
     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
    {"list",
     "GET",
     DOC_HOST,
     "/",
     "max-keys=2&prefix=J",
     {{0}},
     SIGV4_EMPTY_SHA256,
     "us-east-1",
     "s3",
     NULL,
     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
};
static const struct check further[] = {
    {"an ARN in a path is encoded twice",
     "GET",
     "lambda.us-east-1.amazonaws.com",
     "/2015-03-31/functions/"
     "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af1",
     "Qualifier=prod",
     {{0}},
     SIGV4_EMPTY_SHA256,
     "us-east-1",
     "lambda",
     "c88ff8100c6947e75d66ed0931c554fac7f12d3e904e82e4e6684484b4fdf011",
     "13ace6eb1da17ae011518befb4a47a71caf2789756ffcb522192ef247c7f0a26"},
    {"json 1.1",
     "POST",
     "api.sagemaker.us-east-1.amazonaws.com",
     "/",
     NULL,
     {{"Content-Type", "application/x-amz-json-1.1"},
      {"X-Amz-Target", "SageMaker.DescribeTrainingJob"}},
     "94cfb46863280a1196f88bcaf7aed3b1e20bb838f994ede7ad476fbb4575e1e3",
     "us-east-1",
     "sagemaker",
     NULL,
     "8cc02efaf5ea566a097b9e6334187d28d11c4c459891f71a88d1541348b6c7a0"},
    {"an S3 key as it is, a port, a token, an unsigned body",
     "PUT",
     "127.0.0.1:9000",
     "/my-bucket/a%20b/c%2Bd%3D%C3%A9/..//x~y%2A%27%28%29%21",
     NULL,
     {{"x-amz-meta-note", "  a   b  "}, {"X-Amz-Security-Token", "tok/en+=="}},
     SIGV4_UNSIGNED_PAYLOAD,
     "eu-central-1",
     "s3",
     "cde8fc9d22e284572aac106cb4f7fce5444b2725bbdf111accab5251351115df",
     "b0723fd3722201efc2bbe656eec1301fdec3bc49b6805deec1d211ed65b30b89"},
    {"a list of S3",
     "GET",
     "my-bucket.s3.eu-central-1.amazonaws.com",
     "/",
     "list-type=2&prefix=a%2Fb%20c%2bd&continuation-token=1/x%3D%3D&encoding-type=url",
     {{0}},
     SIGV4_EMPTY_SHA256,
     "eu-central-1",
     "s3",
     NULL,
     "f3977093e20d04125c9d55a7c9256b56fe647cdb52e729a35cde693a23d2c626"},
    {"query protocol",
     "POST",
     "sts.us-east-1.amazonaws.com",
     "/",
     NULL,
     {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}},
     "ab821ae955788b0e33ebd34c208442ccfc2d406e2edc5e7a39bd6458fbb4f843",
     "us-east-1",
     "sts",
     NULL,
     "52a8540fea00e731072179f763577cbe2a45eac2c5d32fb4d785f3eefac88165"},
    {"a parameter without a value",
     "POST",
     "bkt.s3.us-west-2.amazonaws.com",
     "/k",
     "uploads",
     {{0}},
     SIGV4_EMPTY_SHA256,
     "us-west-2",
     "s3",
     NULL,
     "cf49464080f80434b83cb1d79565ff9a7b9b59b5eee0b7784ddb598843d8e647"},
};

static void check_one(const struct check *check, const char *date,
                      const struct aws_credentials *credentials)
{
    struct sigv4_key key = {0};
    struct buf text, names, value;
    char hex[DIGEST_HEX_SIZE];
    bool is_s3 = strcmp(check->service, "s3") == 0;
    struct sigv4_header headers[8] = {{"x-amz-date", date}, {"host", check->host}};
    size_t count = 2;
    if (is_s3) {
        headers[count++] = (struct sigv4_header){"x-amz-content-sha256", check->payload_hash};
    }
    for (size_t i = 0; i < 3 && check->more[i].name != NULL; i++) {
        headers[count++] = check->more[i];
    }
    headers[count++] = (struct sigv4_header){"User-Agent", "not signed"};
    headers[count++] = (struct sigv4_header){"amz-sdk-request", "attempt=1; max=3"};
    struct sigv4_request request = {.method = check->method,
                                    .path = check->path,
                                    .query = check->query,
                                    .headers = headers,
                                    .header_count = count,
                                    .payload_hash = check->payload_hash,
                                    .region = check->region,
                                    .service = check->service,
                                    .is_s3 = is_s3};
    memcpy(request.date, date, sizeof(request.date));
    buf_init(&text, 8192);
    buf_init(&names, 1024);
    buf_init(&value, 4096);
    assert_true(sigv4_canonical_request(&request, &text, &names));
    digest_hex(buf_str(&text), hex);
    if (check->canonical_sha256 != NULL) {
        assert_string_equal(hex, check->canonical_sha256);
    }
    assert_true(sigv4_authorization(&key, &request, credentials, &value));
    if (strcmp(signature_in(&value), check->signature) != 0) {
        print_error("%s\n%s\n", check->name, buf_text(&text));
    }
    assert_string_equal(signature_in(&value), check->signature);
    buf_done(&text);
    buf_done(&names);
    buf_done(&value);
    sigv4_key_done(&key);
}

static void signs_the_examples_of_the_s3_guide(void **state)
{
    (void)state;
    struct aws_credentials credentials;
    use_secret(&credentials, "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    for (size_t i = 0; i < sizeof(of_the_s3_guide) / sizeof(of_the_s3_guide[0]); i++) {
        check_one(&of_the_s3_guide[i], "20130524T000000Z", &credentials);
    }
    drop_secret(&credentials);
}

static void signs_what_the_suite_leaves_out(void **state)
{
    (void)state;
    struct aws_credentials credentials;
    use_suite_secret(&credentials);
    for (size_t i = 0; i < sizeof(further) / sizeof(further[0]); i++) {
        check_one(&further[i], SUITE_DATE, &credentials);
    }
    drop_secret(&credentials);
}

/* ---- the stages apart */

static struct sigv4_request vanilla(const struct sigv4_header headers[2], const char *service)
{
    return (struct sigv4_request){.method = "GET",
                                  .path = "",
                                  .headers = headers,
                                  .header_count = 2,
                                  .payload_hash = SIGV4_EMPTY_SHA256,
                                  .region = "us-east-1",
                                  .service = service,
                                  .date = SUITE_DATE};
}

static const struct sigv4_header vanilla_headers[2] = {{"Host", "example.amazonaws.com"},
                                                       {"X-Amz-Date", SUITE_DATE}};

static void each_stage_can_be_seen(void **state)
{
    (void)state;
    struct buf text, names, to_sign;
    struct sigv4_request request = vanilla(vanilla_headers, "service");
    buf_init(&text, 4096);
    buf_init(&names, 4096);
    buf_init(&to_sign, 4096);
    assert_true(sigv4_canonical_request(&request, &text, &names));
    assert_string_equal(buf_text(&text),
                        "GET\n/\n\nhost:example.amazonaws.com\n"
                        "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n" SIGV4_EMPTY_SHA256);
    assert_string_equal(buf_text(&names), "host;x-amz-date");
    assert_true(sigv4_string_to_sign(&request, buf_str(&text), &to_sign));
    assert_string_equal(buf_text(&to_sign),
                        "AWS4-HMAC-SHA256\n20150830T123600Z\n"
                        "20150830/us-east-1/service/aws4_request\n"
                        "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63");
    buf_done(&text);
    buf_done(&names);
    buf_done(&to_sign);
}

static void a_signing_key_is_derived_anew_when_anything_in_it_differs(void **state)
{
    (void)state;
    struct sigv4_key key = {0}, fresh = {0};
    struct secret one = {0}, other = {0};
    struct sigv4_request request = vanilla(vanilla_headers, "service");
    struct sigv4_request next_day = request, far = request, foreign = request;
    char hex[SIGV4_SIGNATURE_SIZE], expected[SIGV4_SIGNATURE_SIZE];
    memcpy(next_day.date, "20150831T123600Z", SIGV4_DATE_SIZE);
    far.region = "eu-central-1";
    foreign.service = "iam";
    secret_set(&one, STR("one"));
    secret_set(&other, STR("another"));
    const struct sigv4_request *requests[] = {&request, &next_day, &far, &foreign, &request};
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < 2; j++) {
            const struct secret *secret = j == 0 ? &one : &other;
            sigv4_signature(&key, requests[i], secret, STR("text"), hex);
            sigv4_signature(&fresh, requests[i], secret, STR("text"), expected);
            assert_string_equal(hex, expected);
            sigv4_key_done(&fresh);
        }
    }
    secret_done(&one);
    secret_done(&other);
    sigv4_key_done(&key);
    sigv4_key_done(&key); /* twice is harmless */
}

/* AWS publishes the signing keys of these two. */
static void derives_the_published_signing_keys(void **state)
{
    (void)state;
    static const struct {
        const char *service, *key;
    } published[] = {
        {"iam", "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"},
        {"service", "938127b5336810ddb6a5d6af445fcac9e371f9ed418ed386b022aed82901be75"},
    };
    struct sigv4_key key = {0};
    struct aws_credentials credentials;
    use_suite_secret(&credentials);
    for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++) {
        unsigned char raw[DIGEST_SIZE], mac[DIGEST_SIZE];
        char hex[SIGV4_SIGNATURE_SIZE], expected[SIGV4_SIGNATURE_SIZE];
        size_t raw_len = 0;
        struct sigv4_request request = vanilla(vanilla_headers, published[i].service);
        assert_int_equal(OPENSSL_hexstr2buf_ex(raw, sizeof(raw), &raw_len, published[i].key, '\0'),
                         1);
        assert_non_null(
            HMAC(EVP_sha256(), raw, (int)raw_len, (const unsigned char *)"text", 4, mac, NULL));
        for (size_t j = 0; j < sizeof(mac); j++) {
            snprintf(expected + 2 * j, 3, "%02x", mac[j]);
        }
        sigv4_signature(&key, &request, &credentials.secret_key, STR("text"), hex);
        assert_string_equal(hex, expected);
    }
    sigv4_key_done(&key);
    drop_secret(&credentials);
}

static void the_authorization_names_key_scope_and_headers(void **state)
{
    (void)state;
    struct sigv4_key key = {0};
    struct aws_credentials credentials;
    struct buf value;
    struct sigv4_request request = vanilla(vanilla_headers, "service");
    use_suite_secret(&credentials);
    buf_init(&value, 4096);
    assert_true(sigv4_authorization(&key, &request, &credentials, &value));
    assert_string_equal(
        buf_text(&value),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, "
        "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    buf_done(&value);
    sigv4_key_done(&key);
    drop_secret(&credentials);
}

/* ---- query signing */

static void presigns_like_the_suite_and_the_s3_guide(void **state)
{
    (void)state;
    struct sigv4_key key = {0};
    struct aws_credentials credentials;
    struct buf query;
    struct sigv4_request request = vanilla(vanilla_headers, "service");
    request.header_count = 1; /* host alone */
    use_suite_secret(&credentials);
    buf_init(&query, 4096);
    assert_true(sigv4_presign(&key, &request, &credentials, 3600, &query));
    assert_string_equal(signature_in(&query),
                        "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d");
    drop_secret(&credentials);

    struct sigv4_header host = {"host", DOC_HOST};
    use_secret(&credentials, "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    request = (struct sigv4_request){.method = "GET",
                                     .path = "/test.txt",
                                     .headers = &host,
                                     .header_count = 1,
                                     .payload_hash = SIGV4_UNSIGNED_PAYLOAD,
                                     .region = "us-east-1",
                                     .service = "s3",
                                     .date = "20130524T000000Z",
                                     .is_s3 = true};
    buf_reset(&query);
    assert_true(sigv4_presign(&key, &request, &credentials, 86400, &query));
    assert_string_equal(
        buf_text(&query),
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2F"
        "us-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&"
        "X-Amz-SignedHeaders=host&X-Amz-Signature="
        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
    buf_done(&query);
    sigv4_key_done(&key);
    drop_secret(&credentials);
}

static void presigns_with_a_token_and_parameters_of_its_own(void **state)
{
    (void)state;
    struct sigv4_key key = {0};
    struct aws_credentials credentials;
    struct buf query;
    struct sigv4_header host = {"host", "my-bucket.s3.eu-central-1.amazonaws.com"};
    struct sigv4_request request = {.method = "GET",
                                    .path = "/a%20b/c%2Bd",
                                    .query = "versionId=v%2F1",
                                    .headers = &host,
                                    .header_count = 1,
                                    .payload_hash = SIGV4_UNSIGNED_PAYLOAD,
                                    .region = "eu-central-1",
                                    .service = "s3",
                                    .date = SUITE_DATE,
                                    .is_s3 = true};
    use_suite_secret(&credentials);
    secret_set(&credentials.session_token, STR("tok/en+=="));
    buf_init(&query, 4096);
    assert_true(sigv4_presign(&key, &request, &credentials, 60, &query));
    assert_non_null(strstr(buf_text(&query), "X-Amz-Security-Token=tok%2Fen%2B%3D%3D&"));
    assert_string_equal(signature_in(&query),
                        "88c1c20b8a6872277e43e41ea45319ed7bd881dc91cb1214ab511c168cbe148a");
    buf_done(&query);
    sigv4_key_done(&key);
    drop_secret(&credentials);
}

static void a_url_is_signed_for_a_second_to_a_week(void **state)
{
    (void)state;
    static const struct {
        int expires_s;
        bool is_good;
    } cases[] = {{-1, false}, {0, false}, {1, true}, {604800, true}, {604801, false}};
    struct sigv4_key key = {0};
    struct aws_credentials credentials;
    struct sigv4_request request = vanilla(vanilla_headers, "service");
    use_suite_secret(&credentials);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf query;
        buf_init(&query, 4096);
        assert_true(sigv4_presign(&key, &request, &credentials, cases[i].expires_s, &query) ==
                    cases[i].is_good);
        assert_true((query.len > 0) == cases[i].is_good);
        buf_done(&query);
    }
    sigv4_key_done(&key);
    drop_secret(&credentials);
}

/* ---- limits, and small things */

static void many_parameters_are_sorted_too(void **state)
{
    (void)state;
    struct buf query, text, names;
    struct sigv4_request request = vanilla(vanilla_headers, "service");
    buf_init(&query, 8192);
    buf_init(&text, 8192);
    buf_init(&names, 8192);
    for (int i = 0; i < 50; i++) {
        buf_printf(&query, "%sp%02d=%d%%2f", i == 0 ? "" : "&&", (i * 37) % 50, i);
    }
    request.query = buf_text(&query);
    assert_true(sigv4_canonical_request(&request, &text, &names));
    assert_non_null(strstr(buf_text(&text), "\np00=0%2F&p01=23%2F&p02=46%2F&"));
    assert_non_null(strstr(buf_text(&text), "&p49=27%2F\n"));
    buf_done(&query);
    buf_done(&text);
    buf_done(&names);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct buf text, names;
    struct sigv4_header many[SIGV4_HEADERS_MAX + 1] = {0};
    struct sigv4_request request = vanilla(many, "service");
    for (size_t i = 0; i < SIGV4_HEADERS_MAX + 1; i++) {
        many[i] = (struct sigv4_header){"x-amz-meta-a", "b"};
    }
    buf_init(&text, 65536);
    buf_init(&names, 65536);
    request.header_count = SIGV4_HEADERS_MAX;
    assert_true(sigv4_canonical_request(&request, &text, &names));
    request.header_count++;
    assert_false(sigv4_canonical_request(&request, &text, &names));
    buf_done(&text);
    buf_done(&names);
    request = vanilla(vanilla_headers, "service");
    for (size_t limit = 0; limit < 100; limit += 7) {
        buf_init(&text, limit);
        buf_init(&names, 65536);
        assert_false(sigv4_canonical_request(&request, &text, &names));
        buf_done(&text);
        buf_done(&names);
    }
}

static void encodes_all_but_the_unreserved(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 256);
    assert_true(sigv4_encode(STR("aZ09-._~ /+*%\xc3\xa9"), true, &out));
    assert_string_equal(buf_text(&out), "aZ09-._~%20/%2B%2A%25%C3%A9");
    buf_reset(&out);
    assert_true(sigv4_encode(STR("a/b"), false, &out));
    assert_string_equal(buf_text(&out), "a%2Fb");
    buf_done(&out);
    buf_init(&out, 3);
    assert_false(sigv4_encode(STR("a b"), false, &out));
    buf_done(&out);
}

static void writes_dates_in_utc(void **state)
{
    (void)state;
    char date[SIGV4_DATE_SIZE];
    sigv4_date(1440938160999, date);
    assert_string_equal(date, SUITE_DATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_every_case_of_the_official_suite),
        cmocka_unit_test(presigns_every_case_of_the_official_suite),
        cmocka_unit_test(signs_the_examples_of_the_s3_guide),
        cmocka_unit_test(signs_what_the_suite_leaves_out),
        cmocka_unit_test(each_stage_can_be_seen),
        cmocka_unit_test(a_signing_key_is_derived_anew_when_anything_in_it_differs),
        cmocka_unit_test(derives_the_published_signing_keys),
        cmocka_unit_test(the_authorization_names_key_scope_and_headers),
        cmocka_unit_test(presigns_like_the_suite_and_the_s3_guide),
        cmocka_unit_test(presigns_with_a_token_and_parameters_of_its_own),
        cmocka_unit_test(a_url_is_signed_for_a_second_to_a_week),
        cmocka_unit_test(many_parameters_are_sorted_too),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(encodes_all_but_the_unreserved),
        cmocka_unit_test(writes_dates_in_utc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
