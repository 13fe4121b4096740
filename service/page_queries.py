"""What a child's page asks of the published file beside the child's place: records, reasons, suggestions."""

from __future__ import annotations

QUERIES = {
    "months": """
select month_start, open_days, absence_days, unjustified_absence_days, late_days, n_classmates, class_attendance_share
from attendance_months where child_key = $1 order by month_start
""",
    "marks": """
select school_year, period, area_name, area_order, marks_text, is_failed
from marks where child_key = $1 order by school_year desc, period desc, area_order, area_name
""",
    "years": """
select y.school_year, y.service_code, y.grade_name, y.section, y.enrolled_date, y.entry_situation, y.year_result,
  y.over_age_years, s.school_name, s.district_name, s.ugel_name
from school_years as y left join schools as s on s.service_code = y.service_code
where y.child_key = $1 order by y.school_year desc, y.enrolled_date desc nulls last, y.service_code
""",
    "supports": """
select support_date, service_name, is_tutor_safe from supports
where child_key = $1 order by support_date desc, service_name
""",
    "reasons": """
select position, reason_text, weight_text, is_tutor_safe from list_reasons
where child_key = $1 order by position
""",
    "actions": """
select action_position, record_text, action_text, who_acts, is_tutor_safe from actions
where child_key = $1 order by action_position
""",
    # Who entered says why; where the newest list has changes at all, who is none of them stood on the former one too.
    "changes": """
select c.cause_text, c.child_key is not null as is_new
from (select max(as_of_date) as day from list_changes) as newest
left join list_changes as c on c.as_of_date = newest.day and c.child_key = $1 and c.change = 'entered'
where newest.day is not null
""",
}
