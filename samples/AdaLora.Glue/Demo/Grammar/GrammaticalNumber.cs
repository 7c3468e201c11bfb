namespace AdaLora.Glue.Demo.Grammar;

/// <summary>Singular or plural.</summary>
internal enum GrammaticalNumber
{
    Singular,
    Plural,
}
