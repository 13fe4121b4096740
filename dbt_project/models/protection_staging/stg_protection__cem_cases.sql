{{ office_cases('CEM', 'cem_cases') }}
