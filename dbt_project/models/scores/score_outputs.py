"""One row per child, date and live model or rule: log-odds and ranking, streamed through ml.score."""

TO_SCORE = """
select {columns}, v.model_version, v.outcome from ({features}) as f
cross join (select model_version, outcome from ({versions}) where is_live) as v
where f.as_of_date in (select d.as_of_date from ({dates}) as d where d.is_current) and f.ugel_code is not null
and f.child_key not in (select o.child_key from ({objections}) as o) and (
  (f.as_of_date, v.outcome) not in (select (as_of_date, outcome) from {scored})
  or (f.as_of_date = (select max(as_of_date) from ({features}) as g)
      and (f.as_of_date, v.model_version) not in (select (as_of_date, model_version) from {scored})))
"""
NOTHING = """(
select cast(null as date) as as_of_date, cast(null as varchar) as outcome, cast(null as varchar) as model_version
where false)"""


def model(dbt, session):  # noqa: ANN001, ANN201  dbt's own signature
    """Score the dates of the current school year without a score of an outcome, and the newest if another is live."""
    dbt.config(materialized="incremental", full_refresh=False)
    from ml import score
    from ml.policy import Policy

    versions = dbt.source("ml", "model_versions")
    rows = versions.filter("is_live").project("model_version, outcome, intercept").order("outcome").fetchall()
    notes = (
        dbt.source("ml", "model_notes").filter("withholds").project("model_version, segment").order("all").fetchall()
    )
    live = score.rankers(
        rows,
        dbt.source("ml", "model_terms").to_arrow_table(),
        dbt.source("ml", "model_trees").to_arrow_table(),
        Policy(**dbt.config.meta_get("policy")),
        {name: [segment for of, segment in notes if of == name] for name, _, _ in rows},
    )
    sql = TO_SCORE.format(
        columns=", ".join(f"f.{name}" for name in score.columns(live)),
        features=dbt.ref("child_features").sql_query(),
        dates=dbt.ref("int_calendar__as_of_dates").sql_query(),
        versions=versions.sql_query(),
        objections=dbt.ref("int_children__objections").sql_query(),
        scored=str(dbt.this) if dbt.is_incremental else NOTHING,
    )
    # another cursor: this one will read what is returned here
    return score.scores(session.cursor().execute(sql).to_arrow_reader(score.BATCH), live)
