namespace AdaLora.Glue.Tasks;

/// <summary>A part of a GLUE task. Test files carry no labels.</summary>
internal enum GlueSplit
{
    Train,
    Dev,
    Test,
}
