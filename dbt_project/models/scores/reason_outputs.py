"""One row per listed child, date, model and term: five named terms, base and rest, exactly the log-odds."""

LISTED = """
select f.*, s.outcome, s.model_version from ({scores}) as s
join ({features}) as f on f.child_key = s.child_key and f.as_of_date = s.as_of_date
where s.tier = 'alto' and s.log_odds is not null and (s.as_of_date, s.model_version) not in
  (select (g.as_of_date, g.model_version) from {given} as g)
"""
NOTHING = "(select cast(null as date) as as_of_date, cast(null as varchar) as model_version where false)"


def model(dbt, session):  # noqa: ANN001, ANN201  dbt's own signature
    """Give reasons to who is listed and has none yet; history is never rewritten."""
    dbt.config(materialized="incremental", full_refresh=False)
    from ml import score
    from ml.policy import Policy

    sql = LISTED.format(
        scores=dbt.ref("risk_scores").sql_query(),
        features=dbt.ref("child_features").sql_query(),
        given=str(dbt.this) if dbt.is_incremental else NOTHING,
    )
    rows = dbt.source("ml", "model_versions").project("model_version, outcome, intercept").order("all").fetchall()
    models = score.rankers(
        rows,
        dbt.source("ml", "model_terms").to_arrow_table(),
        dbt.source("ml", "model_trees").to_arrow_table(),
        Policy(**dbt.config.meta_get("policy")),
    )
    batches = session.cursor().execute(sql).to_arrow_reader(score.BATCH)
    return score.reasons(batches, models, count=5)
