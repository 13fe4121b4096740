{{ current_list('repetition') }}
