"""The published tables of a child's page, made by hand: one child with records of every kind, and one with none."""

PAGE_TABLES = """
create table attendance_months as select * from (values
  ('111', date '2024-11-01', 20, 0, null::integer, null::integer, 4, null::double),
  ('111', date '2025-03-01', 20, 2, 1, 0, 6, 0.95), ('111', date '2025-04-01', 20, 9, 9, 3, 4, null)
) as t (child_key, month_start, open_days, absence_days, unjustified_absence_days, late_days, n_classmates,
  class_attendance_share);
create table marks as select * from (values
  ('111', 2025, 'A', 'MATEMATICA', 'matemática', 1, 'C C B', true), ('111', 2025, 'A', 'ARTE', 'arte y cultura', 9, 'AD A', false),
  ('111', 2024, 'B', 'MATEMATICA', 'matemática', 1, '14', false)
) as t (child_key, school_year, period, learning_area, area_name, area_order, marks_text, is_failed);
create table school_years as select * from (values
  ('111', 2025, '0000001-0', '6.° de primaria', 'A', date '2025-03-10', 'REPITE', null, 2),
  ('111', 2024, '0000009-0', '6.° de primaria', null, date '2024-03-10', 'PROMOVIDO', 'failed', 1),
  ('111', 2023, '0000009-0', '5.° de primaria', 'B', date '2023-03-10', 'REINGRESANTE', 'passed', 0)
) as t (child_key, school_year, service_code, grade_name, section, enrolled_date, entry_situation, year_result,
  over_age_years);
create table supports as select * from (values
  ('111', date '2025-05-02', 'TUTOR', 'Tutoría y contacto con la familia', true),
  ('111', date '2025-04-01', 'JUNTOS', 'Transferencia JUNTOS', false)
) as t (child_key, support_date, support_code, service_name, is_tutor_safe);
create table list_reasons as select * from (values
  ('111', date '2025-10-31', 1, 'faltó mucho', 'mucho', true), ('111', date '2025-10-31', 2, 'hogar pobre', 'algo', false)
) as t (child_key, as_of_date, position, reason_text, weight_text, is_tutor_safe);
create table actions as select * from (values
  ('111', date '2025-10-31', 1, 'absences_in_one_month', 'asistencia: faltó 9 de 20 días en abril', 'preguntar qué pasó en abril',
   'tutor', true),
  ('111', date '2025-10-31', 2, 'poor_without_transfer', 'hogar: sin la transferencia', 'derivar a JUNTOS', 'trabajo social', false)
) as t (child_key, as_of_date, action_position, rule, record_text, action_text, who_acts, is_tutor_safe);
create table list_changes as select date '2025-10-31' as as_of_date, '222' as child_key, 'entered' as change,
  'Entra porque cambió el modelo.' as cause_text;
"""
