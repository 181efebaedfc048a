"""Signs the requests of sigv4_bench with botocore for some seconds of its own processor time; prints the same figures as JSON.

usage: sign.py SECONDS
"""
import json
import sys
import time

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

TOKEN = "FwoGZXIvYXdzEXAMPLETOKENofaboutthesizethatthelongonesreallyhave"
URL = (
    "https://examplebucket.s3.eu-central-1.amazonaws.com/cleaned-source1/part-{:08d}.csv"
    "?partNumber=7&versionId=3HL4kqtJvjVBH40Nrjfkd"
)


def main():
    seconds = float(sys.argv[1])
    signer = S3SigV4Auth(
        Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", TOKEN), "s3", "eu-central-1"
    )
    count, started = 0, time.process_time()
    while time.process_time() - started < seconds:
        for _ in range(100):
            request = AWSRequest(method="GET", url=URL.format(count), headers={"Range": "bytes=0-8388607"})
            signer.add_auth(request)
            count += 1
    took = time.process_time() - started
    print(json.dumps({"signatures": count, "seconds": took, "per_second": count / took}))


main()
