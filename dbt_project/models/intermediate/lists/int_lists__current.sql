{{ current_list('interruption') }}
