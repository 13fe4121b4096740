"""One row per child: how the model whose list was replaced ranks the newest date, where date and model both changed."""

REPLACED = """
select distinct v.model_version, v.outcome, v.intercept, l.next_date from ({versions}) as v
join ({former}) as l on l.model_version = v.model_version and l.outcome = v.outcome where l.kind = 'data_and_model'
"""
TO_RANK = """
select {columns} from ({features}) as f where f.as_of_date = $1 and f.ugel_code is not null
and f.child_key not in (select o.child_key from ({objections}) as o)
"""


def model(dbt, session):  # noqa: ANN001, ANN201  dbt's own signature
    """Rank the newest date by the model that is no longer live; nothing where only one of the two changed."""
    dbt.config(materialized="table")
    from ml import score
    from ml.policy import Policy

    sql = REPLACED.format(
        versions=dbt.source("ml", "model_versions").sql_query(), former=dbt.ref("int_lists__former").sql_query()
    )
    rows = session.cursor().execute(sql).fetchall()
    replaced = score.rankers(
        [row[:3] for row in rows],
        dbt.source("ml", "model_terms").to_arrow_table(),
        dbt.source("ml", "model_trees").to_arrow_table(),
        Policy(**dbt.config.meta_get("policy")),
    )
    sql = TO_RANK.format(
        columns=", ".join(f"f.{name}" for name in score.columns(replaced)),
        features=dbt.ref("child_features").sql_query(),
        objections=dbt.ref("int_children__objections").sql_query(),
    )
    newest = rows[0][3] if rows else None
    return score.scores(session.cursor().execute(sql, [newest]).to_arrow_reader(score.BATCH), replaced)
