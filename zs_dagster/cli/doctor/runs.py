"""What killed runs leave in Dagster: runs that never end, and slots that nobody frees."""

from zs_dagster.cli.graph import open_instance
from zs_dagster.errors import ZsDagsterError
from zs_dagster.home import Home


def killed_runs(_: Home, fix: bool) -> str:
    """Are there runs of processes that are gone?"""
    from zs_dagster.cli.runs import dead_runs, end_dead_runs

    with open_instance() as instance:
        if fix:
            return f"{end_dead_runs(instance)} killed runs ended"
        dead = dead_runs(instance)
    if dead:
        names = ", ".join(run.run_id[:8] for run in dead)
        raise ZsDagsterError(
            f"{len(dead)} killed runs hold slots ({names}); doctor --fix ends them"
        )
    return "no killed run holds a slot"


def leaked_slots(_: Home, fix: bool) -> str:
    """Are there slots of pools that finished or deleted runs hold?"""
    from zs_dagster.cli.runs import holders_of_leaked_slots

    with open_instance() as instance:
        holders = holders_of_leaked_slots(instance)
        if fix:
            for run_id in holders:
                instance.event_log_storage.free_concurrency_slots_for_run(run_id)
            return f"{len(holders)} finished runs lost their slots"
    if holders:
        names = ", ".join(run_id[:8] for run_id in holders)
        raise ZsDagsterError(
            f"{len(holders)} finished runs hold slots ({names}); doctor --fix frees them"
        )
    return "no finished run holds one"
