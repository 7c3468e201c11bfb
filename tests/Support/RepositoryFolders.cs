namespace AdaLora.TestSupport;

/// <summary>Where the repository is in which a program was built, and the optional material beside it.</summary>
internal static class RepositoryFolders
{
    public static string Root { get; } = FindRoot();

    /// <summary>Real models and data: ../shared beside the repository, or where ADALORA_SHARED points.</summary>
    public static string Shared { get; } =
        Environment.GetEnvironmentVariable("ADALORA_SHARED") is { Length: > 0 } path ? Path.GetFullPath(path) : Path.GetFullPath(Path.Combine(Root, "..", "shared"));

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "AdaLora.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("This must run from inside the repository: no AdaLora.sln above " + AppContext.BaseDirectory);
    }
}
