namespace AdaLora.Internals;

/// <summary>States which file could not be written, why, and what to do, for errors in which the system names a temporary file or none.</summary>
internal static class WriteFailure
{
    // Marks exceptions that already say everything, because writing a folder means writing files.
    private const string Explained = "AdaLora.WriteFailure";
    private const string Unchanged = "Existing contents are unchanged.";

    // Error numbers of Linux, macOS and Windows; a .NET exception carries that of its system.
    private static readonly int[] DiskFull = OperatingSystem.IsWindows() ? [39, 112] : OperatingSystem.IsMacOS() ? [28, 69] : [28, 122];
    private static readonly int[] TooManyFiles = OperatingSystem.IsWindows() ? [4] : [23, 24];
    private static readonly int[] ReadOnly = OperatingSystem.IsWindows() ? [19] : [30];

    /// <summary>Whether an exception is about a file, including one that grew beyond a limit of the process, which .NET reports as an invalid argument.</summary>
    public static bool IsOne(Exception exception) => exception is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" };

    /// <summary>The exception to throw in place of <paramref name="failure"/>.</summary>
    /// <param name="failure">One for which <see cref="IsOne"/> is true.</param>
    /// <param name="path">The file or folder that was to be written.</param>
    /// <returns><paramref name="failure"/> itself if it was created here; an <see cref="UnauthorizedAccessException"/> if it was one; otherwise an <see cref="IOException"/>.</returns>
    public static Exception Explain(Exception failure, string path)
    {
        if (failure.Data.Contains(Explained))
            return failure;
        var message = $"'{path}' can't be written: {Reason(failure)}";
        return failure is UnauthorizedAccessException
            ? new UnauthorizedAccessException(message, failure) { Data = { [Explained] = true } }
            : new IOException(message, failure) { Data = { [Explained] = true } };
    }

    private static string Reason(Exception failure)
    {
        var number = failure.HResult & 0xffff;
        return failure switch
        {
            ArgumentOutOfRangeException => $"it would exceed this process's limit on file size (see ulimit -f). {Unchanged}",
            UnauthorizedAccessException => "access is denied. Choose another folder, or change its permissions.",
            PathTooLongException => "the path is longer than the system allows. Choose a shorter one.",
            _ when DiskFull.Contains(number) => $"No space left on device. Free some space, or choose a folder on another device. {Unchanged}",
            _ when TooManyFiles.Contains(number) => $"the limit on open files is reached. Raise it with ulimit -n. {Unchanged}",
            _ when ReadOnly.Contains(number) => "the file system is read-only. Choose another folder.",
            _ => $"{failure.Message.TrimEnd('.')}.",
        };
    }
}
