"""What bulletins ask of published files: table's key → query; $area is the code of a department or a UGEL."""

from __future__ import annotations

NATION = "00"
AGES = "('official_age', 'intake', 'in_school')"  # told as ratios to the population
KNOWN = f"where department_code = $area and case_share is not null and indicator not in {AGES}"
KNOWN_UGEL = f"where ugel_code = $area and case_share is not null and indicator not in {AGES}"
NEWEST = "row_number() over (partition by level, indicator order by school_year desc) = 1"
CHANGE = "case_share - lag(case_share) over (partition by level, indicator order by school_year)"
MISSING = """
select source, period_start, department_name, withheld_on from missing_periods
where is_missing and ($area = '00' or department_code = $area) order by source, period_start, department_name
"""
OFFICIALS = {
    "indicators": f"""
select indicator, level, school_year, case_share, {CHANGE} as change_share, n_pupils, n_cases
from indicators {KNOWN} qualify {NEWEST} order by indicator, level""",
    "years": f"""
select school_year, indicator, level, case_share from indicators {KNOWN} order by indicator, level, school_year""",
    "gaps": """
select group_name, indicator, level, school_year, gap_to_all, case_share, n_pupils
from group_gaps where place_code = $area and gap_to_all is not null and indicator not in ('promotion', 'transition')
qualify school_year = max(school_year) over (partition by level, indicator) and gap_to_all >= 0.001
  and row_number() over (partition by level, indicator, school_year order by gap_to_all desc, group_name) <= 3
order by indicator, level, gap_to_all desc, group_name""",
}
NATIONAL = OFFICIALS | {
    "departments": """
select department_name, level, school_year, case_share, n_pupils, n_cases
from indicators where indicator = 'interruption' and department_code <> $area and case_share is not null
qualify school_year = max(school_year) over () order by level, case_share desc, department_name""",
    "effects": """
select service_name, n_served, share_served, share_without, effect, effect_low, effect_high, verdict_text
from program_effects where $area is not null and outcome = 'interruption' order by is_shown desc, service_name""",
    "missing": MISSING,
    "available": """
select topic_name, is_available, last_delivered_at, missing_text
from availability where $area is not null order by is_available, topic_name""",
}
REGIONAL = OFFICIALS | {
    "indicators": f"""
select indicator, level, school_year, case_share, {CHANGE} as change_share, gap_to_nation, n_pupils, n_cases
from indicators {KNOWN} qualify {NEWEST} order by indicator, level""",
    "districts": """
select district_name, province_name, level, n_pupils, n_withdrawn, withdrawn_share, n_over_age, over_age_share
from published_enrollment where left(district_code, 2) = $area
qualify school_year = max(school_year) over () order by n_pupils desc nulls last, district_name, level limit 60""",
    "missing": MISSING,
}
# Of a UGEL from the officials' file: what they see of it.
SEEN_OF_UGEL = {
    "indicators": f"""
select indicator, level, school_year, case_share, gap_to_last_year as change_share, gap_to_nation, gap_to_similar,
  n_pupils, n_cases
from ugel_indicators {KNOWN_UGEL} qualify {NEWEST} order by indicator, level""",
    "years": f"""
select school_year, indicator, level, case_share
from ugel_indicators {KNOWN_UGEL} order by indicator, level, school_year""",
}
# And from its own file: what only it sees.
OF_UGEL = {
    "schools": """
select service_code, level, n_pupils, n_listed
from school_lists where $area is not null order by n_listed desc, service_code limit 400""",
    "urgency": """
select probability_text, count(*) as n_children
from priority_list where $area is not null group by all order by min(rank_in_ugel)""",
    "at_once": """
select need, count(*) as n_children, count(distinct service_code) as n_schools
from immediate_cases where $area is not null group by all order by 2 desc, 1""",
    "services": """
select tutor_text, who_acts, count(distinct child_key) as n_children
from suggested_services where $area is not null group by all order by 3 desc, 1""",
    "cases": """
select school_year, matter, n_cases, n_assigned, n_contacted, n_served, n_dismissed, n_closed, contacted_share,
  median_days_to_contact
from case_progress where $area is not null order by school_year desc, matter limit 12""",
    "changes": """
select change, cause_text, count(*) as n_children
from list_changes where $area is not null group by all order by 1, 3 desc""",
}
# Names, which are public.
REGION_NAME = """
select department_name from (
  select department_code, department_name from indicators
  union all select left(district_code, 2), null from published_enrollment)
where department_code = $area order by department_name nulls last limit 1
"""
UGEL_PLACE = """
select (select province_name from published_enrollment where left(district_code, 4) = left($area, 4) limit 1),
  (select department_name from indicators where department_code = left($area, 2) limit 1)
"""
SCHOOL_NAMES = "select service_code, school_name from schools"
