"""The admin site: its title, and the search on every page (Ctrl+K)."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst
from unfold.dataclasses import SearchResult
from unfold.sites import UnfoldAdminSite

from gatewayz.admin_site.lists import BigTableAdmin

# How many rows of each model the search shows.
FOUND_ROWS = 5


class GatewayzAdminSite(UnfoldAdminSite):
    index_title = "Operations"
    index_template = "gatewayz/admin_start_page.html"
    empty_value_display = "–"
    # Reads the audit entries about a row; set by the app that keeps the audit log.
    audit_entries: Callable[[HttpRequest, Model, str | None], Sequence[Model]]

    def search(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Search pages by name, and rows of models that are `in_palette` and may be viewed.

        Unfold's own search reads every match and caches the result in Redis for minutes.
        """
        started = time.perf_counter()
        term = request.GET.get("s", "").strip()
        if not term:
            return HttpResponse()
        found = [*self._pages(request, term), *self._rows(request, term)]
        return TemplateResponse(
            request,
            "unfold/helpers/command_results.html",
            {
                "results": found,
                "page_obj": {"count": len(found)},
                "page_counter": 0,
                "execution_time": time.perf_counter() - started,
            },
            headers={"HX-Trigger": "search", "Cache-Control": "no-store"},
        )

    def _pages(self, request: HttpRequest, term: str) -> list[SearchResult]:
        return [
            SearchResult(
                title=str(model["name"]),
                description=str(app["name"]),
                link=model["admin_url"],
                icon="list",
            )
            for app in self.get_app_list(request)
            for model in app["models"]
            if term.lower() in str(model["name"]).lower()
        ]

    def _rows(self, request: HttpRequest, term: str) -> list[SearchResult]:
        return [
            SearchResult(
                title=str(row),
                description=capfirst(str(model_admin.opts.verbose_name)),
                link=reverse(
                    f"{self.name}:{model_admin.opts.app_label}_{model_admin.opts.model_name}_change",
                    args=[row.pk],
                ),
                icon="article",
            )
            for model_admin in self._registry.values()
            if isinstance(model_admin, BigTableAdmin)
            and model_admin.in_palette
            and model_admin.has_view_permission(request)
            for row in _matching(request, model_admin, term)
        ]


def _matching(request: HttpRequest, model_admin: BigTableAdmin, term: str) -> QuerySet[Model]:
    rows = model_admin.get_queryset(request)
    found, _ = model_admin.get_search_results(request, rows, term)
    return found.order_by("-pk")[:FOUND_ROWS]
