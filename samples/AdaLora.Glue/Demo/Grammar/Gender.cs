namespace AdaLora.Glue.Demo.Grammar;

/// <summary>Which pronoun a singular noun takes.</summary>
internal enum Gender
{
    Feminine,
    Masculine,
    Neuter,
}
