"""The texts behind the codes that answers and events carry, for pages in any language we have."""

from aiohttp import web

from gatewayd.core import prompts, reasons
from gatewayd.core.prompts import Prompt
from gatewayd.core.reasons import Locale, Reason


async def tell_texts(request: web.Request) -> web.StreamResponse:
    """Answer `GET /api/texts/{locale}`; a language we do not have is Indonesian."""
    known = {str(locale) for locale in Locale}
    wanted = request.match_info["locale"]
    locale = Locale(wanted) if wanted in known else Locale.ID
    return web.json_response(
        {
            **{f"reason.{reason}": reasons.text(reason, locale) for reason in Reason},
            **{f"prompt.{prompt}": prompts.text(prompt, locale) for prompt in Prompt},
        }
    )
