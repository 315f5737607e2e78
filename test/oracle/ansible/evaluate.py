"""What the templates of the role are for each host of an inventory, one line of JSON for each.

Ansible starts a process for each task of each host, which takes several times as long as all that is wanted of it here: the
variables that a host has in the role, and what its templating makes of them. Both are Ansible's own, in one process.

   usage: evaluate.py FOLDER     with inventory.yml and the role
"""

import functools
import json
import os
import sys

from ansible import context
from ansible.inventory.manager import InventoryManager
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.block import Block
from ansible.playbook.play import Play
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar
from ansible.vars.manager import VariableManager
from jinja2 import Environment

try:
    from ansible.template import trust_as_template
except ImportError:  # before 2.19 every text was a template

    def trust_as_template(text):
        return text


ROLE = "linkerd_machine"
NAME = "Place the files of the machine layer"


def find_task(blocks):
    for part in blocks:
        if isinstance(part, Block):
            yield from find_task(part.block)
        elif part.get_name().endswith(NAME):
            yield part


compiled = {}


def compile_once(self, source, *more, **named):
    """Most of the time would go into the same expressions and templates, host for host."""
    if more or named or not isinstance(source, str):
        return compile_anew(self, source, *more, **named)
    key = (type(self), self.trim_blocks, self.lstrip_blocks, self.keep_trailing_newline, str(source))
    if key not in compiled:
        compiled[key] = compile_anew(self, source)
    return compiled[key]


compile_anew = Environment.compile
Environment.compile = compile_once
context.CLIARGS = ImmutableDict()
init_plugin_loader([])
os.chdir(sys.argv[1])
loader = DataLoader()
loader.set_basedir(os.getcwd())
inventory = InventoryManager(loader=loader, sources=["inventory.yml"])
variables = VariableManager(loader=loader, inventory=inventory)
tasks = [{"import_role": {"name": ROLE, "tasks_from": "machine_layer.yml"}}]
play = Play.load({"name": "test", "hosts": "all", "tasks": tasks}, variable_manager=variables, loader=loader)
(task,) = find_task(play.compile())


@functools.cache
def read_template(source):
    with open(f"roles/{ROLE}/templates/{source}", encoding="utf-8", newline="") as file:
        return trust_as_template(file.read())


for host in inventory.get_hosts():
    templar = Templar(loader=loader, variables=variables.get_vars(play=play, host=host, task=task))
    shape = templar.template(trust_as_template("{{ __linkerd_machine_shape }}"))
    files = [
        {
            "path": file["path"],
            "mode": file["mode"],
            "content": templar.template(read_template(str(file["src"])), escape_backslashes=False),
        }
        for file in shape["templates"]
    ]
    print(json.dumps({"host": host.get_name(), "group": shape["group"], "inside": shape["inside"], "files": files}))
