"""Reads user-data as cloud-init does: splits it into parts, decompresses and merges them with cloud-init's own code.

Standard input: JSON, a list of {"parts": [base64, ...], "write": bool}; several parts are sent as one MIME message, in
their order, as `cloud-init devel make-mime` would make it. Standard output: JSON, the merged cloud-config of each; with
"write", also what cloud-init's write_files module then leaves on the file system.
"""

import base64
import json
import logging
import os
import shutil
import stat
import sys
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from inspect import signature
from types import SimpleNamespace

from cloudinit import handlers, helpers
from cloudinit.config import cc_write_files
from cloudinit.handlers.cloud_config import CloudConfigPartHandler
from cloudinit.user_data import UserDataProcessor

logging.basicConfig(level=logging.WARNING, stream=sys.stderr)


class DataSource:
    def get_instance_id(self):
        return "oracle"


def join(parts):
    if len(parts) == 1:
        return parts[0]
    message = MIMEMultipart()
    for index, part in enumerate(parts):
        text = MIMEText(part.decode("utf-8"), "cloud-config", "utf-8")
        text.add_header("Content-Disposition", f'attachment; filename="part-{index}"')
        message.attach(text)
    return message.as_bytes()


def merge(blob):
    paths = helpers.Paths({"cloud_dir": "/tmp/cloud", "run_dir": "/tmp/run"}, ds=DataSource())
    handler = CloudConfigPartHandler(paths)
    handler.handle_part(None, handlers.CONTENT_START, None, None, None, None)
    for part in UserDataProcessor(paths).process(blob).walk():
        if part.get_content_maintype() == "multipart":
            continue
        if part.get_content_type() != "text/cloud-config":
            raise SystemExit(f"a part is {part.get_content_type()}")
        payload = part.get_payload(decode=True).decode("utf-8")
        handler.handle_part(None, part.get_content_type(), part.get_filename(), payload, None, part)
    return handler.cloud_buf


def write(config):
    """Into the real places: this runs in a throw-away root file system."""
    paths = helpers.Paths({"cloud_dir": "/tmp/cloud", "run_dir": "/tmp/run"}, ds=DataSource())
    cloud = SimpleNamespace(distro=SimpleNamespace(default_owner="root:root"), paths=paths)
    given = {"name": "write_files", "cfg": config, "cloud": cloud, "args": [], "_args": [], "log": logging.getLogger()}
    wanted = signature(cc_write_files.handle).parameters
    cc_write_files.handle(**{name: given[name] for name in wanted})
    written = {}
    for path in (file["path"] for file in config["write_files"]):
        found = os.stat(path, follow_symlinks=False)
        with open(path, "rb") as file:
            content = file.read().decode("utf-8")
        written[path] = [content, oct(stat.S_IMODE(found.st_mode)), found.st_uid, found.st_gid]
        os.unlink(path)
    return written


result = []
for request in json.load(sys.stdin):
    shutil.rmtree("/tmp/cloud", ignore_errors=True)
    config = merge(join([base64.b64decode(part) for part in request["parts"]]))
    result.append({"config": config, "written": write(config) if request.get("write") else None})
json.dump(result, sys.stdout)
