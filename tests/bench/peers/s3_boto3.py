"""Uploads and downloads with boto3's transfer manager, as object_tool does.

usage: s3_boto3.py put|get BUCKET KEY FILE | put-tree|get-tree BUCKET PREFIX FOLDER
"""
import os
import sys

import boto3
from boto3.s3.transfer import create_transfer_manager, TransferConfig


def main():
    what, bucket, key, path = sys.argv[1:]
    client = boto3.client("s3")
    with create_transfer_manager(client, TransferConfig()) as manager:
        if what == "put":
            manager.upload(path, bucket, key)
        elif what == "get":
            manager.download(bucket, key, path)
        elif what == "put-tree":
            for name in os.listdir(path):
                manager.upload(os.path.join(path, name), bucket, key + name)
        else:
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key):
                for item in page["Contents"]:
                    manager.download(bucket, item["Key"], os.path.join(path, item["Key"][len(key):]))


main()
