"""What the role says of the variables of each host of an inventory, one line of JSON for each.

Ansible starts a process for each task of each host. This runs the same tasks with Ansible's own executor, in one process: the check
against the argument specs, then those of tasks/variables.yml, up to the first that fails. With ansible-core 2.16: how the executor
is called is another in each release.

   usage: check.py FOLDER INVENTORY
"""

import json
import os
import sys

from ansible import context
from ansible.executor.task_executor import TaskExecutor
from ansible.inventory.manager import InventoryManager
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.block import Block
from ansible.playbook.play import Play
from ansible.playbook.play_context import PlayContext
from ansible.plugins import loader as plugin_loader
from ansible.vars.manager import VariableManager
from jinja2 import Environment

compiled = {}


def compile_once(self, source, *more, **named):
    """Most of the time would go into the same expressions, host for host."""
    if more or named or not isinstance(source, str):
        return compile_anew(self, source, *more, **named)
    key = (type(self), self.trim_blocks, self.lstrip_blocks, self.keep_trailing_newline, str(source))
    if key not in compiled:
        compiled[key] = compile_anew(self, source)
    return compiled[key]


class Queue:
    """Takes what is meant for callbacks."""

    def __getattr__(self, name):
        return lambda *args, **kwargs: None


def flatten(blocks):
    for part in blocks:
        if isinstance(part, Block):
            yield from flatten(part.block)
        elif part.action not in ("meta", "ansible.builtin.meta"):
            yield part


def load(**more):
    tasks = [{"import_role": {"name": "linkerd_machine", **more}}]
    data = {"name": "test", "hosts": "all", "connection": "local", "gather_facts": False, "tasks": tasks}
    play = Play.load(data, variable_manager=variables, loader=loader)
    return play, list(flatten(play.compile()))


def execute(play, task, host):
    known = variables.get_vars(play=play, host=host, task=task)
    known["ansible_python_interpreter"] = sys.executable
    executor = TaskExecutor(
        host=host,
        task=task.copy(),
        job_vars=known,
        play_context=PlayContext(play=play),
        new_stdin=None,
        loader=loader,
        shared_loader_obj=plugin_loader,
        final_q=Queue(),
        variable_manager=variables,
    )
    return executor.run()


compile_anew = Environment.compile
Environment.compile = compile_once
context.CLIARGS = ImmutableDict()
plugin_loader.init_plugin_loader([])
os.chdir(sys.argv[1])
loader = DataLoader()
loader.set_basedir(os.getcwd())
inventory = InventoryManager(loader=loader, sources=[sys.argv[2]])
variables = VariableManager(loader=loader, inventory=inventory)
main, (validate, *_) = load()
rest, checks = load(tasks_from="variables.yml")
assert validate.action.endswith("validate_argument_spec"), validate.action
for host in inventory.get_hosts():
    refused = None
    for play, task in [(main, validate), *((rest, check) for check in checks)]:
        outcome = execute(play, task, host)
        if outcome.get("failed"):
            messages = [outcome.get("msg"), *(item.get("msg") for item in outcome.get("results", []) if item.get("failed"))]
            refused = {"task": task.get_name(), "messages": messages}
            break
    print(json.dumps({"host": host.get_name(), "refused": refused}, default=str))
