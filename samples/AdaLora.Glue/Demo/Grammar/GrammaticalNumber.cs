namespace AdaLora.Glue.Demo;

/// <summary>Singular or plural.</summary>
internal enum GrammaticalNumber
{
    Singular,
    Plural,
}
