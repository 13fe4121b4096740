{{ office_cases('DEMUNA', 'demuna_cases') }}
