"""What the role says of the variables of each host of an inventory, one line of JSON for each.

Ansible's own executor runs the check against the argument specs, then the tasks of tasks/variables.yml, up to the first that fails.
With ansible-core 2.16: how the executor is called is another in each release.

   usage: check.py FOLDER INVENTORY
"""

import json
import sys

from ansible.executor.task_executor import TaskExecutor
from ansible.playbook.play_context import PlayContext
from ansible.plugins import loader as plugin_loader
from project import Project


class Queue:
    """Takes what is meant for callbacks."""

    def __getattr__(self, name):
        return lambda *args, **kwargs: None


def execute(play, task, host):
    known = project.variables.get_vars(play=play, host=host, task=task)
    known["ansible_python_interpreter"] = sys.executable
    executor = TaskExecutor(
        host=host,
        task=task.copy(),
        job_vars=known,
        play_context=PlayContext(play=play),
        new_stdin=None,
        loader=project.loader,
        shared_loader_obj=plugin_loader,
        final_q=Queue(),
        variable_manager=project.variables,
    )
    return executor.run()


project = Project(*sys.argv[1:])
main, (validate, *_) = project.load_tasks()
rest, checks = project.load_tasks(tasks_from="variables.yml")
assert validate.action.endswith("validate_argument_spec"), validate.action
for host in project.inventory.get_hosts():
    refused = None
    for play, task in [(main, validate), *((rest, check) for check in checks)]:
        outcome = execute(play, task, host)
        if outcome.get("failed"):
            messages = [outcome.get("msg"), *(item.get("msg") for item in outcome.get("results", []) if item.get("failed"))]
            refused = {"task": task.get_name(), "messages": messages}
            break
    print(json.dumps({"host": host.get_name(), "refused": refused}, default=str))
