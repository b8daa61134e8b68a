"""The routes of whoever gives and takes away accounts: people, and the tokens of programs."""

from gatewayd.core.accounts import ROLES
from gatewayd.core.roles import Role
from gatewayd.desk.routes import MANAGER, PARAMETERS, Method, takes, verb

_LABEL, _LANE = PARAMETERS["label"], PARAMETERS["lane"]

ROUTES = (
    verb(
        Method.GET,
        "user_list",
        MANAGER | {Role.AUDITOR},
        "Who may sign in and as what, and the tokens; no secrets",
        path="/api/users",
    ),
    verb(
        Method.POST,
        "user_add",
        MANAGER,
        "Let somebody sign in: the answer has a secret that is good for one time",
        path="/api/users",
        takes=takes("label", "role", label=_LABEL, role={"enum": [str(role) for role in ROLES]}),
    ),
    verb(
        Method.POST,
        "user_password",
        MANAGER,
        "Give somebody another secret, good for one time; they are signed out",
        path="/api/users/{label}/secret",
    ),
    verb(
        Method.DELETE,
        "user_remove",
        MANAGER,
        "Let somebody sign in no more; the last manager stays",
        path="/api/users/{label}",
    ),
    verb(
        Method.POST,
        "user_token",
        MANAGER,
        "Make a token for a program or for the screen of a lane; shown once",
        path="/api/tokens",
        takes=takes(
            "label",
            "role",
            label=_LABEL,
            role={"enum": [str(role) for role in Role]},
            lane=_LANE,
        ),
    ),
    verb(
        Method.DELETE,
        "user_untoken",
        MANAGER,
        "Make a token worthless, at once",
        path="/api/tokens/{label}",
    ),
)
