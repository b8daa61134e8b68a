"""The texts behind the codes that answers and events carry, for pages in any language we have."""

from aiohttp import web

from gatewayd.core import prompts, reasons, refused_access
from gatewayd.core.alarm_texts import alarm_kinds, alarm_title
from gatewayd.core.prompts import Prompt
from gatewayd.core.reasons import Locale, Reason
from gatewayd.core.refused_access import RefusedAccess
from gatewayd.desk.server import no


async def tell_texts(request: web.Request) -> web.StreamResponse:
    """Answer `GET /api/texts/{locale}`."""
    known = {str(locale): locale for locale in Locale}
    locale = known.get(request.match_info["locale"])
    if locale is None:
        return no(404, "locale", f"there is no such language; known: {', '.join(known)}")
    return web.json_response(
        {
            **{f"reason.{reason}": reasons.text(reason, locale) for reason in Reason},
            **{f"prompt.{prompt}": prompts.text(prompt, locale) for prompt in Prompt},
            **{f"access.{code}": refused_access.text(code, locale) for code in RefusedAccess},
            **{f"alarm.{kind}": alarm_title(kind, locale) for kind in alarm_kinds()},
        }
    )
