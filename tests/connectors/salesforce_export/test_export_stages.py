"""Stages come from their own file, and from the deals where that does not name them."""

from exporting import Export


def test_without_their_file_stages_are_those_that_deals_name(export: Export) -> None:
    """Open ones in the order of how likely their deals are, then closed ones as the deals' flags say."""
    likely = [("Offer", "60"), ("Talk", "10"), ("Offer", "70"), ("Odd", "")]
    open_ones = [{"Id": f"006{n}", "StageName": stage, "Probability": p} for n, (stage, p) in enumerate(likely)]
    won = {"Id": "006W", "StageName": "Signed", "IsClosed": "1", "IsWon": "1", "Probability": "100"}
    lost = {"Id": "006L", "StageName": "Dropped", "IsClosed": "1", "Probability": "0"}
    export.deals(won, lost, *open_ones)
    stages = export.rows("stage")
    assert [stage["name"] for stage in sorted(stages, key=lambda s: s["sort_order"])] == [
        "Talk", "Offer", "Odd", "Dropped", "Signed",
    ]  # fmt: skip
    assert {s["name"]: (s["closed"], s["won"], s["probability"]) for s in stages if s["closed"]} == {
        "Signed": (True, True, 100.0),
        "Dropped": (True, False, 0.0),
    }


def test_stages_that_the_list_lacks_are_made_of_the_deals_in_them(export: Export) -> None:
    """Closed and won as most of them are, beside the listed ones, and the check names them."""
    listed = {"Id": "01J1", "ApiName": "Talk", "MasterLabel": "Talk", "SortOrder": "3", "IsActive": "1",
              "IsClosed": "0", "IsWon": "0", "DefaultProbability": "10", "SystemModstamp": "2026-03-02"}  # fmt: skip
    offer = {"Id": "01J2", "ApiName": "Offer", "MasterLabel": "Offer", "SortOrder": "7", "DefaultProbability": "60"}
    export.write("OpportunityStage.csv", listed, listed | offer)
    deals = [("Talk", "0", "0", "10"), ("Old talk", "0", "0", "20"), *[("Gone", "1", "0", "0")] * 2,
             ("Gone", "0", "0", "0"), *[("Signed once", "1", "1", "100")] * 2]  # fmt: skip
    export.deals(*({"Id": f"006{n}", "StageName": stage, "IsClosed": closed, "IsWon": won, "Probability": likely}
                   for n, (stage, closed, won, likely) in enumerate(deals)))  # fmt: skip
    made = {row["name"]: row for row in export.rows("stage") if row["name"] not in ("Talk", "Offer")}
    assert {name: (row["closed"], row["won"], row["active"]) for name, row in made.items()} == {
        "Old talk": (False, False, False), "Gone": (True, False, False), "Signed once": (True, True, False),
    }  # fmt: skip
    assert made["Old talk"]["sort_order"] == 3
    said = [check for check in export.connector().check() if check.name == "OpportunityStage.csv"]
    assert [(check.ok, check.fatal) for check in said] == [(True, False), (False, False)]
    assert said[1].detail.endswith("name: Gone, Old talk, Signed once")


def test_a_stage_that_all_deals_have_left_is_one_all_the_same(export: Export) -> None:
    """The history names it; closed and won is what it was forecast as."""
    export.deals({"StageName": "Offer", "Probability": "60"})
    at = {"OpportunityId": "006A", "CreatedDate": "2026-03-02", "Amount": "", "CloseDate": ""}
    left = [
        ("Talk", "Pipeline", "10"),
        ("Dropped", "Omitted", "0"),
        ("Signed", "Closed", "100"),
        ("Offer", "Pipeline", "50"),
    ]
    export.write(
        "OpportunityHistory.csv",
        *({"Id": f"008{n}", "StageName": stage, "ForecastCategory": category, "Probability": likely} | at
          for n, (stage, category, likely) in enumerate(left)),
    )  # fmt: skip
    stages = sorted(export.rows("stage"), key=lambda stage: stage["sort_order"])
    assert [(stage["name"], stage["closed"], stage["won"]) for stage in stages] == [
        ("Talk", False, False), ("Offer", False, False), ("Dropped", True, False), ("Signed", True, True),
    ]  # fmt: skip
