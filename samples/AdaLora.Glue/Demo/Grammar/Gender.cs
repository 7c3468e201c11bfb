namespace AdaLora.Glue.Demo;

/// <summary>Which pronoun a singular noun takes.</summary>
internal enum Gender
{
    Feminine,
    Masculine,
    Neuter,
}
