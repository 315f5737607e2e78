"""What happened on which host, one line of JSON for each: Ansible's own output is for people."""

import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: report
type: stdout
short_description: One line of JSON for each result
description: One line of JSON for each result.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "report"

    def _say(self, kind, result):
        outcome = result._result
        line = {
            "kind": kind,
            "host": result._host.get_name(),
            "task": result._task.get_name(),
            "file": os.path.basename((result._task.get_path() or "").rpartition(":")[0]),
            "message": outcome.get("msg", outcome.get("message")),
        }
        self._display.display(json.dumps(line, default=str))

    def v2_runner_on_ok(self, result):
        self._say("ok", result)

    def v2_runner_on_skipped(self, result):
        self._say("skipped", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._say("failed", result)

    def v2_runner_on_unreachable(self, result):
        self._say("unreachable", result)

    def v2_runner_item_on_ok(self, result):
        self._say("item-ok", result)

    def v2_runner_item_on_failed(self, result):
        self._say("item-failed", result)
