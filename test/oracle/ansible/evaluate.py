"""What the templates of the role are for each host of an inventory, one line of JSON for each.

The variables that a host has in the role, and what its templating makes of them, are Ansible's own.

   usage: evaluate.py FOLDER     with inventory.yml and the role
"""

import functools
import json
import sys

from ansible.template import Templar
from project import ROLE, Project

try:
    from ansible.template import trust_as_template
except ImportError:  # before 2.19 every text was a template

    def trust_as_template(text):
        return text


@functools.cache
def read_template(source):
    with open(f"roles/{ROLE}/templates/{source}", encoding="utf-8", newline="") as file:
        return trust_as_template(file.read())


project = Project(sys.argv[1], "inventory.yml")
play, (task,) = project.load_tasks(tasks_from="machine_layer.yml")
for host in project.inventory.get_hosts():
    known = project.variables.get_vars(play=play, host=host, task=task)
    templar = Templar(loader=project.loader, variables=known)
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
