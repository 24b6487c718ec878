"""Plan: what is worth this manager's minutes? Findings in, conversations and the writes they owe out."""

from app.stages.plan.draft import LeftOut
from app.stages.plan.outbox import Difference, reference
from app.stages.plan.planner import Budget, PlanResult, TooManyTasks, plan

__all__ = ["Budget", "Difference", "LeftOut", "PlanResult", "TooManyTasks", "plan", "reference"]
