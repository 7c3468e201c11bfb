using System.Text;
using AdaLora.Experiments.Programs;
using Parquet;
using Parquet.Schema;

namespace AdaLora.Experiments.Tables;

/// <summary>What the process of <see cref="ParquetChild"/> does: reads a file and writes the cells to its standard output.</summary>
internal static class ParquetReading
{
    /// <param name="arguments">The file, then the names of the columns.</param>
    /// <returns>One of <see cref="ExitCode"/>; if the file cannot be read, the error stream says why in one line.</returns>
    public static int Run(IReadOnlyList<string> arguments)
    {
        using var errors = new StreamWriter(Console.OpenStandardError(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        try
        {
            using var output = new BinaryWriter(new BufferedStream(Console.OpenStandardOutput(), 1 << 16));
            using var file = File.OpenRead(arguments[0]);
            CopyAsync(file, [.. arguments.Skip(1)], output).GetAwaiter().GetResult();
            return ExitCode.Success;
        }
        catch (OutOfMemoryException)
        {
            errors.WriteLine("it takes far more memory to read than a file of its size should");
        }
        catch (Exception e)
        {
            // The library refuses damaged files with exceptions of any type.
            errors.WriteLine(e.Message.ReplaceLineEndings(" "));
        }

        return ExitCode.BadInput;
    }

    private static async Task CopyAsync(FileStream file, IReadOnlyList<string> columns, BinaryWriter output)
    {
        var limits = new ParquetLimits(file.Length);
        await using var reader = await OpenAsync(file);
        List<DataField> fields = [.. reader.Schema.Fields.OfType<DataField>().Where(field => !field.IsArray)];
        List<DataField> wanted = [.. columns.Distinct().Select(name => fields.Find(field => field.Name == name)).OfType<DataField>()];
        Write(output, fields);
        Write(output, wanted);
        var rowCount = reader.RowGroups.Sum(group => group.RowCount);
        limits.CheckRows(rowCount);
        output.Write((int)rowCount);
        var characters = 0L;
        for (var i = 0; i < reader.RowGroupCount; i++)
        {
            var group = reader.OpenRowGroupReader(i);
            limits.CheckRows(group.RowCount);
            output.Write((int)group.RowCount);
            foreach (var field in wanted)
            {
                foreach (var cell in await ParquetColumn.ReadAsync(group, field))
                {
                    limits.CheckText(characters += (cell as string)?.Length ?? 0);
                    ParquetCell.Write(output, cell);
                }
            }
        }
    }

    private static async Task<ParquetReader> OpenAsync(FileStream file)
    {
        try
        {
            return await ParquetReader.CreateAsync(file);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new InvalidDataException($"its description is damaged: {e.Message}", e);
        }
    }

    private static void Write(BinaryWriter output, List<DataField> fields)
    {
        output.Write(fields.Count);
        foreach (var field in fields)
            output.Write(field.Name);
    }
}
