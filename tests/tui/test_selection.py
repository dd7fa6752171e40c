"""The selected route while a filter comes and goes."""

from tests.tui.stage import THREE, Route, Stage, play, snapshot_of


def test_selection_outlives_filters() -> None:
    many = {n: Route(prefix=f"10.{n}.0.0/16", pps=1000 - n) for n in range(1, 201)}
    many[150] = Route(prefix="10.150.0.0/16", pps=850, protocol=4)

    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(many))
        await stage.press("G", *["k"] * 50)
        assert stage.routes.selected == 150
        await stage.press("slash", *"static")
        assert stage.routes.selected == 150
        assert "10.150.0.0/16" in stage.line_with("▌")
        await stage.press("escape")
        assert stage.routes.selected == 150
        assert "10.150.0.0/16" in stage.line_with("▌")
        # A filter that hides it: nothing is selected until it is back.
        await stage.press("slash", *"bgp")
        assert stage.routes.selected is None
        assert "▌" not in "\n".join(stage.text())
        await stage.press("escape")
        assert stage.routes.selected == 150
        assert "10.150.0.0/16" in stage.line_with("▌")

    play(scenario)


def test_filter_shows_the_selected_route_that_was_scrolled_away() -> None:
    many = {n: Route(prefix=f"10.{n}.0.0/16", pps=1000 - n) for n in range(1, 201)}

    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(many))
        await stage.press("end")
        stage.routes.scroll_to(y=0, animate=False)
        await stage.settle()
        assert "▌" not in "\n".join(stage.text())
        await stage.press("slash", *"bgp")
        assert "10.200.0.0/16" in stage.line_with("▌")

    play(scenario)


def test_the_line_of_the_selected_route_says_what_no_column_has_room_for() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        assert stage.line_with("3 routes") == " 3 routes · 60 pps · 18.0Mbit/s · 0 punt/s"
        await stage.press("down")

        line = stage.line_with("3 routes")
        assert line.startswith(" 172.16.0.0/12  via 192.0.2.1 wan0  owner bgp  packets 0 ")
        assert line.endswith(" 3 routes · 60 pps"), "the totals that stay"
        await stage.resize((120, 24))
        assert stage.line_with("3 routes").endswith(" 3 routes · 60 pps · 18.0Mbit/s · 0 punt/s")

    play(scenario)
