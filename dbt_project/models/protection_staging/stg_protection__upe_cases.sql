{{ office_cases('UPE', 'upe_cases') }}
