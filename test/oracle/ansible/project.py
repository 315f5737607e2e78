"""The generated folder `ansible`, read by Ansible's own code, for many hosts in one process.

Ansible starts a process for each task of each host, which takes many times as long as what the task itself does.
"""

import os

from ansible import context
from ansible.inventory.manager import InventoryManager
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.block import Block
from ansible.playbook.play import Play
from ansible.plugins.loader import init_plugin_loader
from ansible.vars.manager import VariableManager
from jinja2 import Environment

ROLE = "linkerd_machine"
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


def flatten(blocks):
    for part in blocks:
        if isinstance(part, Block):
            yield from flatten(part.block)
        elif part.action not in ("meta", "ansible.builtin.meta"):
            yield part


class Project:
    """The working folder becomes that of the project."""

    def __init__(self, folder, inventory):
        context.CLIARGS = ImmutableDict()
        init_plugin_loader([])
        os.chdir(folder)
        self.loader = DataLoader()
        self.loader.set_basedir(os.getcwd())
        self.inventory = InventoryManager(loader=self.loader, sources=[inventory])
        self.variables = VariableManager(loader=self.loader, inventory=self.inventory)

    def load_tasks(self, **role):
        """A play with the role alone, and its tasks with those of blocks in their place."""
        tasks = [{"import_role": {"name": ROLE, **role}}]
        data = {"name": "test", "hosts": "all", "connection": "local", "gather_facts": False, "tasks": tasks}
        play = Play.load(data, variable_manager=self.variables, loader=self.loader)
        return play, list(flatten(play.compile()))
