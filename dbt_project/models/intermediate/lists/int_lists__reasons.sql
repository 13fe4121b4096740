with
terms as (
    select * from {{ ref('risk_reasons') }} where term not in ('base', 'rest') and contribution > 0
),

-- as decimals: 100 times the double of 0.145 is less than 14.5, and halves go away from zero
reasons as (select {{ with_replaced({'value': 'cast(value as decimal(18, 4))'}) }} from terms),

texts as (select * from {{ ref('reason_texts') }}),
value_words as (select * from {{ ref('value_words') }}),

valued as (
    select
        reasons.child_key,
        reasons.as_of_date,
        reasons.outcome,
        reasons.model_version,
        reasons.position,
        reasons.term,
        reasons.contribution,
        texts.family,
        texts.is_tutor_safe,
        texts.reason_text as template,
        texts.action_text,
        value_words.words,
        case texts.value_unit
            when 'percent' then cast(cast(round(100 * reasons.value) as integer) as string)
            when 'points' then cast(cast(round(100 * reasons.value) as integer) as string)
            when 'decimal'
                then cast(cast(round(reasons.value, 1) as decimal(9, 1)) as string)
            else cast(cast(round(reasons.value) as integer) as string)
        end as value_text
    from reasons
    inner join texts on reasons.term = texts.feature
    left join value_words
        on
            texts.value_unit = value_words.value_unit
            and reasons.value >= value_words.from_value
            and reasons.value < value_words.until_value
    -- what is not so, or not known, is no observation that can be said
    where
        reasons.value is not null
        and not (texts.value_unit = 'flag' and reasons.value = 0)
        and texts.value_unit <> 'unsaid'
),

said as (
    select
        child_key,
        as_of_date,
        outcome,
        model_version,
        position,
        term,
        contribution,
        family,
        is_tutor_safe,
        {{ in_singular("replace(template, '{value}', coalesce(words, value_text))") }}
            as reason_text,
        action_text
    from valued
)

select * from said
