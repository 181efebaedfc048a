"""S3 in memory: objects, parts, lists, buckets in regions. Part of fake_aws.py."""
import hashlib
import re
import time
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

from fake_aws_wire import Answer, Refusal, error_answer

NS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


class Object:
    def __init__(self, data, etag=None):
        self.data, self.modified = data, time.time()
        self.etag = etag or f'"{hashlib.md5(data).hexdigest()}"'

    def headers(self):
        stamp = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(self.modified))
        return {"etag": self.etag, "last-modified": stamp, "content-type": "binary/octet-stream"}


class S3:
    def __init__(self, aws):
        self.aws = aws
        self.buckets, self.regions, self.settings, self.uploads = {}, {}, {}, {}
        self.foreign = set()  # buckets of somebody else
        self.taken = set()  # names that are taken meanwhile

    def operation(self, call):
        has_key = call.path.count("/") > 1 and not call.path.endswith("/", 1)
        kind = "Object" if has_key and call.path.split("/", 2)[2] else "Bucket"
        extra = next((name for name in ("uploads", "uploadId", "partNumber", "list-type") if name in call.query), "")
        return f"{call.method} {kind}{' ' + extra if extra else ''}"

    def handle(self, call):
        words = [unquote(word) for word in call.path.split("/", 2)]
        bucket, key = words[1], words[2] if len(words) > 2 else ""
        if bucket in self.foreign:
            raise Refusal("AccessDenied", 403)
        region = self.regions.get(bucket)
        if region is not None and call.region != region:
            answer = error_answer(call, Refusal("PermanentRedirect", 301, "The bucket is elsewhere."))
            answer.headers["x-amz-bucket-region"] = region
            return answer
        if key:
            return self.object_call(call, self.bucket(bucket), key)
        return self.bucket_call(call, bucket)

    def bucket(self, name):
        if name not in self.buckets:
            raise Refusal("NoSuchBucket", 404)
        return self.buckets[name]

    def bucket_call(self, call, name):
        kinds = [word for word in call.query if word not in ("list-type", "prefix", "continuation-token", "max-keys", "encoding-type")]
        if call.method == "PUT" and not kinds:
            if name in self.buckets:
                raise Refusal("BucketAlreadyOwnedByYou", 409)
            if name in self.taken:
                raise Refusal("BucketAlreadyExists", 409)
            found = re.search(rb"<LocationConstraint>([^<]+)<", call.body)
            self.regions[name] = found.group(1).decode() if found else "us-east-1"
            if self.regions[name] != call.region or (found and self.regions[name] == "us-east-1"):
                raise Refusal("IllegalLocationConstraintException")
            self.buckets[name] = {}
            return Answer()
        objects = self.bucket(name)
        if call.method == "PUT":
            self.settings.setdefault(name, {})[kinds[0]] = call.body
            return Answer()
        if call.method == "HEAD":
            return Answer(200, b"", {"x-amz-bucket-region": self.regions[name]})
        if call.method == "GET" and kinds:
            body = self.settings.get(name, {}).get(kinds[0])
            if body is None:
                raise Refusal("NoSuchConfiguration", 404)
            return Answer(200, body)
        return self.list(call, name, objects)

    def list(self, call, name, objects):
        prefix, after = call.query.get("prefix", ""), call.query.get("continuation-token", "")
        keys = sorted(key for key in objects if key.startswith(prefix) and key > after)
        page, rest = keys[:3], keys[3:]  # short pages, so that several are asked for
        items = "".join(
            f"<Contents><Key>{quote(key)}</Key><LastModified>{time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime(objects[key].modified))}"
            f"</LastModified><ETag>{escape(objects[key].etag)}</ETag><Size>{len(objects[key].data)}</Size></Contents>" for key in page)
        if call.query.get("encoding-type") != "url":
            items = re.sub(r"(?<=<Key>)[^<]*", lambda found: escape(unquote(found.group())), items)
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if rest else ""
        return Answer(200, f"<ListBucketResult {NS}><Name>{name}</Name><IsTruncated>{'true' if rest else 'false'}"
                           f"</IsTruncated>{items}{token}</ListBucketResult>", {"content-type": "application/xml"})

    def object_call(self, call, objects, key):
        if call.method == "POST" or "uploadId" in call.query:
            return self.multipart(call, objects, key)
        if call.method == "PUT":
            return self.put(call, objects, key)
        if call.method == "DELETE":
            objects.pop(key, None)
            return Answer(204)
        if key not in objects:
            raise Refusal("NoSuchKey", 404)
        found = objects[key]
        if call.headers.get("if-match", found.etag) != found.etag:
            raise Refusal("PreconditionFailed", 412)
        return self.read(call, found)

    def put(self, call, objects, key):
        source = call.headers.get("x-amz-copy-source")
        if source is not None:
            bucket, _, name = unquote(source).lstrip("/").partition("/")
            if name not in self.bucket(bucket):
                raise Refusal("NoSuchKey", 404)
            objects[key] = Object(self.bucket(bucket)[name].data)
            return Answer(200, f"<CopyObjectResult {NS}><ETag>{escape(objects[key].etag)}</ETag></CopyObjectResult>")
        if call.headers.get("if-none-match") == "*" and key in objects:
            raise Refusal("PreconditionFailed", 412)
        objects[key] = Object(call.body)
        return Answer(200, b"", {"etag": objects[key].etag})

    def read(self, call, found):
        headers, total = found.headers(), len(found.data)
        if call.method == "HEAD":
            return Answer(200, b"", {**headers, "content-length": str(total)})
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", call.headers.get("range") or "")
        if wanted is None:
            return Answer(200, found.data, headers)
        first, last = int(wanted.group(1)), min(int(wanted.group(2) or total), total - 1)
        if first >= total:
            raise Refusal("InvalidRange", 416)
        return Answer(206, found.data[first:last + 1], {**headers, "content-range": f"bytes {first}-{last}/{total}"})

    def multipart(self, call, objects, key):
        if "uploads" in call.query:
            upload = f"upload+{len(self.uploads) + 1}="
            self.uploads[upload] = {}
            return Answer(200, f"<InitiateMultipartUploadResult {NS}><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>")
        upload = call.query["uploadId"]
        if upload not in self.uploads:
            raise Refusal("NoSuchUpload", 404)
        parts = self.uploads[upload]
        if call.method == "PUT":
            parts[int(call.query["partNumber"])] = Object(call.body)
            return Answer(200, b"", {"etag": parts[int(call.query["partNumber"])].etag})
        if call.method == "DELETE":
            del self.uploads[upload]
            return Answer(204)
        chosen = [parts[int(number)] for number in re.findall(rb"<PartNumber>(\d+)<", call.body)]
        digest = hashlib.md5(b"".join(hashlib.md5(part.data).digest() for part in chosen)).hexdigest()
        objects[key] = Object(b"".join(part.data for part in chosen), f'"{digest}-{len(chosen)}"')
        del self.uploads[upload]
        return Answer(200, f"<CompleteMultipartUploadResult {NS}><ETag>{escape(objects[key].etag)}</ETag></CompleteMultipartUploadResult>")
