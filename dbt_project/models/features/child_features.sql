{{ config(joins_dates=true) }}

{{ wide_features([
    'identity', 'progression', 'attendance', 'grades', 'promotion',
    'school', 'household', 'work', 'support', 'place', 'missing',
]) }}
